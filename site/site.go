// Package site holds the playground, a page that needs no server. It is there only
// in a program that was built with the tag "site", after "make site" has made it:
// "make tasm" does both.
package site

import "io/fs"

// Files is the page, or nil.
var Files fs.FS
