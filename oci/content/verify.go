package content

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A MismatchError says that a blob is not the one that was asked for.
type MismatchError struct {
	Want v1.Hash
	Got  string // what came instead
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("blob %s is not what its digest says: %s", short(e.Want), e.Got)
}

// Verify returns r as a reader that fails where r has not exactly the size and
// sha256 digest given. It never reads more than one byte beyond the size.
func Verify(r io.ReadCloser, want v1.Hash, size int64) io.ReadCloser {
	return &verifier{source: r, rest: io.LimitedReader{R: r, N: size + 1}, sum: sha256.New(), want: want, size: size}
}

type verifier struct {
	source io.Closer
	rest   io.LimitedReader
	sum    hash.Hash
	want   v1.Hash
	size   int64
}

func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.rest.Read(p)
	v.sum.Write(p[:n])
	switch {
	case v.rest.N == 0:
		return 0, &MismatchError{v.want, fmt.Sprintf("it is larger than %d bytes", v.size)}
	case err == io.EOF && v.rest.N > 1:
		return 0, &MismatchError{v.want, fmt.Sprintf("it ends after %d of %d bytes", v.size+1-v.rest.N, v.size)}
	case err == io.EOF:
		if got := hex.EncodeToString(v.sum.Sum(nil)); got != v.want.Hex {
			return 0, &MismatchError{v.want, "its bytes have the digest " + short(v1.Hash{Algorithm: "sha256", Hex: got})}
		}
	}
	return n, err
}

func (v *verifier) Close() error { return v.source.Close() }

// Limits of what layers unpack to. Files that a program needs are packed to a
// tenth of their size, seldom to a hundredth; what is packed to less and is large
// has been made to fill disks.
const (
	MaxUnpacked = 16 << 30 // bytes of all layers of an image
	maxRatio    = 200      // unpacked bytes for each packed one, beyond
	ratioFree   = 1 << 30  // this many bytes
)

// UnpackLimit returns how many bytes a layer of packed bytes may unpack to.
func UnpackLimit(packed int64) int64 {
	return min(MaxUnpacked, max(ratioFree, min(packed, MaxUnpacked)*maxRatio))
}

// ErrBomb is the error for layers that unpack to more than any program needs.
var ErrBomb = fmt.Errorf("it unpacks to more than any program needs, and engines would fill the disk with it: more than %d times its size, or than %d GiB", maxRatio, MaxUnpacked>>30)
