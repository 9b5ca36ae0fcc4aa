package credfile

// IsFull reports whether err says that there is no space left. Errors are texts here.
func IsFull(error) bool { return false }

// IsReadOnly reports whether err says that nothing can be written to the file system.
func IsReadOnly(error) bool { return false }
