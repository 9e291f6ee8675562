"""Google Cloud's bill, as Cloud Billing exports it to BigQuery."""
