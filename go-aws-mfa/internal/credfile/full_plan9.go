package credfile

// IsFull reports false: Plan 9 has no error number for a full device.
func IsFull(error) bool { return false }

// IsReadOnly reports false: Plan 9 has no error number for a read-only file system.
func IsReadOnly(error) bool { return false }
