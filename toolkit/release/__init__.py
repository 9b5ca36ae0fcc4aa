"""A run of `invoke matrix`: from the settings to a release."""
