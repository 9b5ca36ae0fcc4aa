"""What happens with a built program and a profile: logging in with it, and looking whether that worked."""
