"""AWS: clients, and the profiles in the files of the AWS CLI."""
