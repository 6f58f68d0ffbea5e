package rootfs

// ReadWithin is Read with another limit.
var ReadWithin = read
