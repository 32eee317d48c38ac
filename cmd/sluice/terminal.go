package main

import (
	"io"
	"os"
)

// isTerminal says whether what is written can be drawn over.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	nowhere, err := os.Stat(os.DevNull) // a device too
	return err != nil || !os.SameFile(info, nowhere)
}

// coloured tells whether colours are wanted: on a terminal, unless NO_COLOR says no.
func coloured(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }
