package equiv

// Both checks two files in both ways, so that a test can hold the one against
// the other. It returns what a proof said ("" for equal, or a difference that is
// certain), whether there was one, and the difference that co-simulation found.
func Both(original, result []byte, runs int) (proof string, decided bool, simulated string) {
	a, err := parse(original)
	if err != nil {
		return "", false, err.Error()
	}
	b, err := parse(result)
	if err != nil {
		return "", false, err.Error()
	}
	pr := prove(a, b, nil)
	switch {
	case pr.difference != nil:
		proof, decided = pr.difference.text, pr.difference.definite && !pr.difference.original
	default:
		decided = pr.stuck == ""
	}
	c := cosimulate(a, b, runs, nil)
	if c.difference != nil && !c.difference.original {
		simulated = c.difference.text + c.circumstances()
	}
	return proof, decided, simulated
}
