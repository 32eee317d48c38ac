package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/sluice-project/sluice/internal/realflink"
)

// state is what the file says of the cluster that runs.
type state struct {
	URL       string         `json:"url"`
	Dir       string         `json:"dir"`
	Processes map[string]int `json:"processes"`
	Job       string         `json:"job,omitempty"`
	RateFile  string         `json:"rateFile,omitempty"`
}

var errNone = errors.New("no cluster was started: flinkup up starts one")

func path() (string, error) {
	cache, err := realflink.CacheDir()
	return filepath.Join(cache, "flinkup.json"), err
}

func load() (s state, err error) {
	file, err := path()
	if err != nil {
		return s, err
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, errNone
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read %s: %w", file, err)
	}
	return s, nil
}

func (s state) save() error {
	file, err := path()
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

func (s state) tell(out io.Writer) {
	fmt.Fprintf(out, "Flink runs at %s (logs in %s)\n", s.URL, filepath.Join(s.Dir, "log"))
	if s.Job != "" {
		fmt.Fprintf(out, "  job %s; flinkup rate 2500 changes its load\n", s.Job)
	} else {
		fmt.Fprintf(out, "  submit a job: the page at that address, or flinkup up --job load next time\n")
	}
	fmt.Fprintf(out, "  flinkup down stops it\n")
}

func (s state) running() bool {
	for _, pid := range s.Processes {
		if s.owns(pid) {
			return true
		}
	}
	return false
}

// owns tells whether the process is still the one that was started, and not another that got its number.
func (s state) owns(pid int) bool {
	command, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(command), "-Dsluice.dir="+s.Dir)
}

// stop kills what runs, and forgets it.
func (s state) stop() error {
	file, err := path()
	if err != nil {
		return err
	}
	for name, pid := range s.Processes {
		if !s.owns(pid) {
			continue
		}
		if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("stop %s: %w", name, err)
		}
	}
	return errors.Join(os.RemoveAll(s.Dir), os.Remove(file))
}
