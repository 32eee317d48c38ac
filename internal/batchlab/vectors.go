package batchlab

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// ReadVectors reads what WriteVectors wrote.
func ReadVectors(file string) ([]Vector, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read the vectors %s: %w", file, err)
	}
	var all []Vector
	for d := json.NewDecoder(z); ; {
		var v Vector
		err := d.Decode(&v)
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read the vectors %s: line %d: %w", file, len(all)+1, err)
		}
		all = append(all, v)
	}
}

// WriteVectors writes vectors to a file, one JSON object a line, in gzip.
func WriteVectors(file string, vectors []Vector) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	for _, v := range vectors {
		if err == nil {
			err = json.NewEncoder(z).Encode(v)
		}
	}
	if err == nil {
		err = errors.Join(z.Close(), os.WriteFile(file, b.Bytes(), 0o644))
	}
	if err != nil {
		return fmt.Errorf("write the vectors %s: %w", file, err)
	}
	return nil
}
