"""AWS' interfaces, asked through boto3: clients, errors, and a collector of what they answer."""
