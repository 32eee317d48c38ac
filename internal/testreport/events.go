package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// event is one line of `go test -json`, see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string // empty for what concerns the package
	Output  string
	Elapsed float64 // seconds
}

// readEvents calls handle for each event of r, in order. A line that is no
// event, such as a warning of the go command, is handed on as output.
func readEvents(r io.Reader, handle func(event)) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			handle(parseEvent(line))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read test events: %w", err)
		}
	}
}

// parseEvent reads one line.
func parseEvent(line []byte) event {
	var e event
	if err := json.Unmarshal(line, &e); err != nil || e.Action == "" {
		return event{Action: "build-output", Output: string(line)}
	}
	return e
}
