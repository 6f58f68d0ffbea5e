package layout

// Limits of golf. See also those of the rooms below layout.
const (
	maxAnew    = 256 // bytes of a program as packed from which on none is written anew: what can be saved is in the headers; doubles with each unit of effort
	maxObjects = 256 // objects of which a comparison is told: it looks through them all the time
)
