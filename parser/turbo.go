package parser

import "strings"

// What nasm's option -t takes of Turbo Assembler's language (nasm manual, 2.1.25): some
// directives without a percent sign, sizes of operands inside of brackets, and labels
// with @@ in front that are as local as those with a dot.

// turboPrelude leaves out what Turbo Assembler needs to be told.
var turboPrelude = []string{
	"%idefine IDEAL", "%idefine JUMPS", "%idefine P386", "%idefine P486", "%idefine P586", "%idefine END",
}

// turboDirectives are the directives that need no percent sign.
var turboDirectives = map[string]bool{
	"arg": true, "elif": true, "else": true, "endif": true, "if": true, "ifdef": true,
	"ifdifi": true, "ifndef": true, "include": true, "local": true,
}

// turboDirective makes a directive of the first word of a line, if it can be one.
func turboDirective(line []Token) {
	if len(line) == 0 || line[0].Kind != Identifier {
		return
	}
	if word := strings.ToLower(line[0].Text); turboDirectives[word] {
		line[0].Kind, line[0].Text = Directive, "%"+word
	}
}
