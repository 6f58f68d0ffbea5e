	enter 5
