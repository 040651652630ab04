// A client of a served log that shares no code with it: golang.org/x/mod/sumdb, the code by which Go checks its
// public module log.
//
//	TOKEN=... client URL LOG_KEY WITNESS_KEY
//
// URL is the evidence prefix of a trial. The client reads the newest checkpoint, fetches tiles and believes them only as
// far as they lead to its root, hashes every entry, checks proofs and receipts that the log gives, and makes the same
// proofs itself out of the tiles. The witness's signature (C2SP tlog-cosignature) is newer than this package, which lets
// a caller say how a type of key is verified: six lines below.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func must(err error, about string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "DISAGREES about %s: %v\n", about, err)
		os.Exit(1)
	}
}

func demand(so bool, about string) {
	if !so {
		must(fmt.Errorf("not so"), about)
	}
}

func fetch(path string) []byte {
	request, err := http.NewRequest("GET", os.Args[1]+path, nil)
	must(err, path)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("TOKEN"))
	answer, err := http.DefaultClient.Do(request)
	must(err, path)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(err, path)
	if answer.StatusCode != 200 {
		must(fmt.Errorf("status %d", answer.StatusCode), path)
	}
	return body
}

// A witness's key: type 4, and what it signs is the text with a time before it.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(signature)
	message := append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", seconds)), text...)
	return ed25519.Verify(w.key, message, signature[8:])
}

func witnessOf(spelled string) witness {
	parts := strings.SplitN(spelled, "+", 3)
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	must(err, "the witness's key")
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	must(err, "the witness's key")
	demand(len(raw) == 33 && raw[0] == 4, "the type of the witness's key")
	return witness{parts[0], uint32(hash), ed25519.PublicKey(raw[1:])}
}

func opened(raw []byte, known note.Verifiers, about string) (tlog.Tree, int) {
	found, err := note.Open(raw, known)
	must(err, about)
	lines := strings.Split(found.Text, "\n")
	demand(len(lines) == 4 && lines[3] == "", "the lines of "+about)
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err, "the size of "+about)
	root, err := tlog.ParseHash(lines[2])
	must(err, "the root of "+about)
	return tlog.Tree{N: size, Hash: root}, len(found.Sigs)
}

// The log's tiles: Go's paths have the height in front, C2SP's have not.
type tiles struct{ fetched int }

func (t *tiles) Height() int                     { return height }
func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for n, tile := range wanted {
		found[n] = fetch("/" + strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1))
		t.fetched++
	}
	return found, nil
}

type proof struct {
	Root   string
	Hashes []string
}

func hashes(spelled []string) []tlog.Hash {
	found := make([]tlog.Hash, len(spelled))
	for n, each := range spelled {
		raw, err := hex.DecodeString(each)
		must(err, "a hash")
		copy(found[n][:], raw)
	}
	return found
}

func asked(path string) []tlog.Hash {
	var found proof
	must(json.Unmarshal(fetch(path), &found), path)
	return hashes(found.Hashes)
}

func same(one, other []tlog.Hash) bool { return fmt.Sprint(one) == fmt.Sprint(other) }

// Every entry of the log: each with its length before it, 256 to a bundle.
func entries(size int64) [][]byte {
	var found [][]byte
	for first := int64(0); first < size; first += 1 << height {
		tile := tlog.Tile{H: height, L: 0, N: first >> height, W: 1 << height}
		if size-first < 1<<height {
			tile.W = int(size - first)
		}
		raw := fetch("/" + strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", height), "tile/entries/", 1))
		for len(raw) > 0 {
			length := int(binary.BigEndian.Uint16(raw))
			found, raw = append(found, raw[2:2+length]), raw[2+length:]
		}
	}
	return found
}

// A receipt (C2SP tlog-proof): its proof, and its own checkpoint.
func receipt(raw []byte, index int64, known note.Verifiers) ([]tlog.Hash, tlog.Tree) {
	head, checkpoint, _ := strings.Cut(string(raw), "\n\n")
	lines := strings.Split(head, "\n")
	demand(lines[0] == "c2sp.org/tlog-proof@v1" && lines[1] == fmt.Sprintf("index %d", index), "a receipt's first lines")
	var found []tlog.Hash
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		must(err, "a receipt's hash")
		found = append(found, hash)
	}
	tree, _ := opened([]byte(checkpoint), known, "a receipt's checkpoint")
	return found, tree
}

func main() {
	key, err := note.NewVerifier(os.Args[2])
	must(err, "the log's key")
	known := note.VerifierList(key, witnessOf(os.Args[3]))
	tree, signatures := opened(fetch("/checkpoint"), known, "the newest checkpoint")
	demand(signatures == 2, "who signed the newest checkpoint: the log and the witness")

	source := &tiles{}
	reader := tlog.TileHashReader(tree, source)
	leaves := entries(tree.N)
	demand(int64(len(leaves)) == tree.N, "the number of entries")
	indexes := make([]int64, tree.N)
	for n := range indexes {
		indexes[n] = tlog.StoredHashIndex(0, int64(n))
	}
	stored, err := reader.ReadHashes(indexes)
	must(err, "the tiles, which have to lead to the root")
	for n, leaf := range leaves {
		demand(tlog.RecordHash(leaf) == stored[n], fmt.Sprintf("the hash of entry %d", n))
	}
	root, err := tlog.TreeHash(tree.N, reader)
	must(err, "the root by the tiles")
	demand(root == tree.Hash, "the root")

	inclusions, receipts, consistencies := 0, 0, 0
	for n := int64(0); n < tree.N; n += 7 {
		theirs := asked(fmt.Sprintf("/inclusion?index=%d&size=%d", n, tree.N))
		must(tlog.CheckRecord(theirs, tree.N, tree.Hash, n, stored[n]), "an inclusion proof")
		ours, err := tlog.ProveRecord(tree.N, n, reader)
		must(err, "a proof of our own")
		demand(same(ours, theirs), "an inclusion proof, hash by hash")
		inclusions++
		path, head := receipt(fetch(fmt.Sprintf("/receipts/%d", n)), n, known)
		must(tlog.CheckRecord(path, head.N, head.Hash, n, stored[n]), "a receipt")
		receipts++
		demand(tlog.CheckRecord(theirs, tree.N, tree.Hash, n, stored[(n+1)%tree.N]) != nil, "a proof of another entry")
	}
	for old := int64(1); old < tree.N; old += 5 {
		theirs := asked(fmt.Sprintf("/consistency?old=%d&size=%d", old, tree.N))
		before, err := tlog.TreeHash(old, reader)
		must(err, "an older root")
		must(tlog.CheckTree(theirs, tree.N, tree.Hash, old, before), "a consistency proof")
		ours, err := tlog.ProveTree(tree.N, old, reader)
		must(err, "a consistency proof of our own")
		demand(same(ours, theirs), "a consistency proof, hash by hash")
		before[0] ^= 1
		demand(tlog.CheckTree(theirs, tree.N, tree.Hash, old, before) != nil, "a consistency proof of another root")
		consistencies++
	}
	var heads []struct {
		Size int64
		Root string
	}
	must(json.Unmarshal(fetch("/checkpoints"), &heads), "the list of heads")
	for _, head := range heads {
		computed, err := tlog.TreeHash(head.Size, reader)
		must(err, "the root of an older head")
		demand(hex.EncodeToString(computed[:]) == head.Root, "the root of an older head")
	}
	fmt.Printf("agrees: a checkpoint of %d events signed by the log and a witness, %d older heads, %d entries,\n",
		tree.N, len(heads)-1, len(leaves))
	fmt.Printf("  %d tiles fetched, %d inclusion proofs, %d receipts, %d consistency proofs\n",
		source.fetched, inclusions, receipts, consistencies)
}
