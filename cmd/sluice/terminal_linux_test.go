package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal is one that nobody sits at.
type terminal struct {
	// end is what a command writes to.
	end *os.File

	mu   sync.Mutex
	text strings.Builder
}

// noTerminal leaves a test out where the machine has no terminals. In CI it fails.
func noTerminal(t *testing.T, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("no terminal can be had: %v", why)
	}
	t.Skipf("no terminal can be had: %v", why)
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		noTerminal(t, err)
	}
	var unlock, number int32
	ioctl(t, master, syscall.TIOCSPTLCK, &unlock)
	ioctl(t, master, syscall.TIOCGPTN, &number)
	end, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		_ = master.Close()
		noTerminal(t, err)
	}
	t.Setenv("TERM", "xterm")
	term := &terminal{end: end}
	var read sync.WaitGroup
	read.Go(func() {
		part := make([]byte, 4096)
		for {
			n, err := master.Read(part)
			term.mu.Lock()
			term.text.Write(part[:n])
			term.mu.Unlock()
			if err != nil {
				return // the other end was closed
			}
		}
	})
	t.Cleanup(func() {
		_ = end.Close()
		read.Wait()
		_ = master.Close()
	})
	return term
}

func ioctl(t *testing.T, f *os.File, request uintptr, value *int32) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
		noTerminal(t, errno)
	}
}

func (term *terminal) shown() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.text.String()
}

func TestColoursAreForTerminalsAlone(t *testing.T) {
	stub := startStub(t)
	for name, c := range map[string]struct {
		environ  map[string]string
		coloured bool
	}{
		"a terminal":           {nil, true},
		"who wants none":       {map[string]string{"NO_COLOR": "1"}, false},
		"one without colours":  {map[string]string{"TERM": "dumb"}, false},
		"an empty NO_COLOR":    {map[string]string{"NO_COLOR": ""}, true},
		"one that is not told": {map[string]string{"TERM": ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			term := openTerminal(t)
			for key, value := range c.environ {
				t.Setenv(key, value)
			}
			code := execute(t.Context(), []string{"status", "--server", stub.URL}, term.end, io.Discard)
			eventually(t, "the job is shown", func() bool { return strings.Contains(term.shown(), "orders") })
			if code != exitDone || strings.Contains(term.shown(), "\x1b[32msteady\x1b[0m") != c.coloured || strings.Contains(term.shown(), "\x1b") != c.coloured {
				t.Errorf("exit code %d, shown %q", code, term.shown())
			}
		})
	}
	t.Setenv("TERM", "xterm")
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	if isTerminal(nowhere) || isTerminal(writer) {
		t.Error("taken for a terminal")
	}
}

// What takes long is told on a terminal, and leaves nothing behind.
func TestWhatTakesLongIsTold(t *testing.T) {
	stub := startStub(t)
	stub.set(func(s *stubbed) { s.silent = true })
	terms := map[string]*terminal{}
	var commands sync.WaitGroup
	for _, line := range []string{"status", "history orders", "explain orders", "events", "pause orders", "resume --all", "rescale orders work=4"} {
		term := openTerminal(t)
		terms[line] = term
		commands.Go(func() { execute(t.Context(), append(strings.Fields(line), "--server", stub.URL), io.Discard, term.end) })
	}
	for line, term := range terms {
		eventually(t, line+" is told", func() bool { return strings.Contains(term.shown(), "… 1 s") })
	}
	stub.CloseClientConnections()
	commands.Wait()
	for line, term := range terms {
		eventually(t, line+" says why it ends", func() bool { return strings.Contains(term.shown(), "sluice: ask ") })
		if last := term.shown()[strings.LastIndex(term.shown(), clearLine):]; strings.Contains(last, "…") {
			t.Errorf("%s left behind: %q", line, last)
		}
	}
}

func TestAWatchedStatusIsDrawnAnew(t *testing.T) {
	term, stub := openTerminal(t), startStub(t)
	ctx, cancel := cancelable(t)
	ended := make(chan int)
	go func() {
		ended <- execute(ctx, []string{"status", "--watch", "--every", "100ms", "--server", stub.URL}, term.end, io.Discard)
	}()
	eventually(t, "it is drawn twice", func() bool { return strings.Count(term.shown(), clearScreen) > 1 })
	cancel(errors.New("enough"))
	select {
	case code := <-ended:
		if code != exitDone {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(patience):
		t.Error("it goes on")
	}
}
