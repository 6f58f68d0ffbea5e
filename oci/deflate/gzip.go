package deflate

import (
	"encoding/binary"
	"hash/crc32"
)

// gzipHeader is a gzip member's header (RFC 1952 section 2.3.1): deflate, no
// flags, no time, slowest compression, system unknown.
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255}

// Gzip returns src as a gzip file: Compress's stream with 18 bytes around it.
func Gzip(src []byte) []byte {
	out := append([]byte(nil), gzipHeader...)
	out = append(out, Compress(src)...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(src))
	return binary.LittleEndian.AppendUint32(out, uint32(len(src)))
}
