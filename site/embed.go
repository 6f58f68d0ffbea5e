//go:build site

package site

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

func init() {
	Files, _ = fs.Sub(dist, "dist")
}
