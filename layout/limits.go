package layout

// Limits of golf. See also those of the rooms below layout.
const (
	maxAnew     = 304     // bytes of a program as packed from which on none is written anew: what can be saved is in the headers, and a message in it longer than 255 needs a longer number; doubles with each unit of effort
	maxObjects  = 256     // objects of which a comparison is told: it looks through them all the time
	maxStates   = 1 << 50 // states that a certificate may say a task has looked at
	spareStates = 1 << 30 // states more than that when the task is run again: those count too in which the rules of the loader are asked
)
