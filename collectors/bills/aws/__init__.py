"""Bills of AWS: Data Exports, Cost and Usage Reports and Cost Explorer."""
