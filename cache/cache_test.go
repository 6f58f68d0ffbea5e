package cache

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func key(n int) string { return fmt.Sprintf("%064x", n) }

func TestGetPut(t *testing.T) {
	f := Folder{Dir: filepath.Join(t.TempDir(), "a", "b")}
	if f.Get(key(1)) != nil {
		t.Error("an empty cache has something")
	}
	f.Put(key(1), []byte("one"))
	f.Put(key(2), nil)
	f.Put(key(1), []byte("uno"))
	if got := f.Get(key(1)); string(got) != "uno" {
		t.Errorf("%q", got)
	}
	if info, err := os.Stat(f.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Error("others may look into the cache", err)
	}
	for _, bad := range []string{"", "../../etc/passwd", "a/b", strings.Repeat("g", 64)} {
		f.Put(bad, []byte("x"))
		if f.Get(bad) != nil {
			t.Errorf("%q is a key", bad)
		}
	}
	var none Folder
	none.Put(key(1), []byte("one"))
	if none.Get(key(1)) != nil {
		t.Error("a cache in no folder")
	}
}

// TestDamage holds that an entry that is not whole is none, and makes room.
func TestDamage(t *testing.T) {
	f := Folder{Dir: t.TempDir(), Limit: 16 << 10}
	name := filepath.Join(f.Dir, key(1))
	good := func() []byte {
		f.Put(key(1), []byte("what was found"))
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	whole := good()
	damaged := [][]byte{nil, whole[:1], whole[:len(whole)-1], append(bytes.Clone(whole), 0), make([]byte, 1<<20)}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1
		damaged = append(damaged, flipped)
	}
	for _, data := range damaged {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := f.Get(key(1)); got != nil {
			t.Fatalf("%q of a damaged entry", got)
		}
		if _, err := os.Stat(name); err == nil {
			t.Fatal("the damaged entry stays")
		}
		good()
		if got := f.Get(key(1)); string(got) != "what was found" {
			t.Fatalf("%q", got)
		}
	}
	// What is no file is not read: a pipe would never end.
	os.Remove(name)
	if err := os.Symlink("/dev/zero", name); err != nil {
		t.Fatal(err)
	}
	if f.Get(key(1)) != nil {
		t.Error("a link is followed")
	}
}

// TestBound holds that a cache stays below its limit and keeps what is used.
func TestBound(t *testing.T) {
	f := Folder{Dir: t.TempDir(), Limit: 64 << 10}
	left := filepath.Join(f.Dir, temporary+"left")
	if err := os.WriteFile(left, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(left, long, long); err != nil {
		t.Fatal(err)
	}
	const size = 2000
	f.Put(key(0), make([]byte, size))
	for n := 1; n < 200; n++ {
		f.Put(key(n), make([]byte, size))
		old := long.Add(time.Duration(n) * time.Minute)
		if err := os.Chtimes(filepath.Join(f.Dir, key(n)), old, old); err != nil {
			t.Fatal(err)
		}
		if n%10 == 0 {
			if err := os.Chtimes(filepath.Join(f.Dir, key(0)), long, long); err != nil {
				t.Fatal(err)
			}
			if f.Get(key(0)) == nil {
				t.Fatalf("after %d entries one that is used is gone", n)
			}
		}
		var sum int64
		list, err := os.ReadDir(f.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			sum += info.Size()
		}
		if sum > f.Limit {
			t.Fatalf("after %d entries the cache has %d bytes", n, sum)
		}
	}
	if f.Get(key(199)) == nil || f.Get(key(1)) != nil {
		t.Error("not the oldest are gone")
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what was left behind stays")
	}
	f.Put(key(500), make([]byte, f.Limit/16))
	if f.Get(key(500)) != nil {
		t.Error("one entry takes a large part of the cache")
	}
}

// TestConcurrent holds that readers get all of an entry or nothing while others write
// and remove.
func TestConcurrent(t *testing.T) {
	f := Folder{Dir: t.TempDir(), Limit: 64 << 10}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for n := range 100 {
				k := (n + worker) % 25
				want := bytes.Repeat([]byte{byte(k)}, 3000+k)
				f.Put(key(k), want)
				if got := f.Get(key(k)); got != nil && !bytes.Equal(got, want) {
					t.Errorf("entry %d: %d bytes that are another's", k, len(got))
				}
			}
		})
	}
	all.Wait()
}

// TestNoRoom holds that a folder that can't be written changes nothing.
func TestNoRoom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := Folder{Dir: filepath.Join(file, "below")}
	f.Put(key(1), []byte("one"))
	if f.Get(key(1)) != nil {
		t.Error("kept below a file")
	}
}
