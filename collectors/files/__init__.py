"""Files: delimited text, Parquet and lines of JSON in, blocks of named columns out."""
