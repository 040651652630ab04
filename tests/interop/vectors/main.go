// Roots and proofs as golang.org/x/mod/sumdb/tlog makes them, for `tests/evidence/test_sumdb.py`. Entry n is the number n
// in decimal digits.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

type proven struct {
	At     int64    `json:"at"`
	Hashes []string `json:"hashes"`
}

type tree struct {
	Size        int64    `json:"size"`
	Root        string   `json:"root"`
	Inclusion   []proven `json:"inclusion"`
	Consistency []proven `json:"consistency"`
}

type kept []tlog.Hash

func (k kept) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for n, index := range indexes {
		found[n] = k[index]
	}
	return found, nil
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func spelled(hashes []tlog.Hash) []string {
	found := make([]string, len(hashes))
	for n, hash := range hashes {
		found[n] = hex.EncodeToString(hash[:])
	}
	return found
}

func main() {
	wanted := map[int64]bool{1: true, 2: true, 3: true, 5: true, 7: true, 8: true, 13: true, 255: true, 256: true, 257: true, 300: true, 1000: true}
	var hashes kept
	var trees []tree
	for size := int64(1); size <= 1000; size++ {
		more, err := tlog.StoredHashes(size-1, []byte(fmt.Sprint(size-1)), hashes)
		must(err)
		hashes = append(hashes, more...)
		if !wanted[size] {
			continue
		}
		root, err := tlog.TreeHash(size, hashes)
		must(err)
		made := tree{Size: size, Root: hex.EncodeToString(root[:])}
		for at := int64(0); at < size; at += size/4 + 1 {
			proof, err := tlog.ProveRecord(size, at, hashes)
			must(err)
			made.Inclusion = append(made.Inclusion, proven{at, spelled(proof)})
			older, err := tlog.ProveTree(size, at+1, hashes)
			must(err)
			made.Consistency = append(made.Consistency, proven{at + 1, spelled(older)})
		}
		trees = append(trees, made)
	}
	told := json.NewEncoder(os.Stdout)
	told.SetIndent("", " ")
	must(told.Encode(trees))
}
