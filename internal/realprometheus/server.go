package realprometheus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	loopback = "127.0.0.1"
	// startDeadline is for a busy machine; idle, it takes a second.
	startDeadline = time.Minute
	// endDeadline is how long it may take to end before it is killed.
	endDeadline = 10 * time.Second
	// startLines is how much of its log is shown.
	startLines = 4 << 10
)

// Server is a Prometheus that runs.
type Server struct {
	url    string
	client http.Client
}

// Start runs a Prometheus with that configuration, in which relative paths are
// relative to the folder dir, until the test ends.
func Start(t testing.TB, dir, config string) *Server {
	t.Helper()
	Require(t)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort(loopback, strconv.Itoa(port))
	s := &Server{url: "http://" + address, client: http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	// The shell's standard input ends with this process, however that ends.
	const script = `"$@" </dev/null & pid=$!; cat >/dev/null; kill "$pid"; wait "$pid"`
	cmd := exec.Command("sh", "-c", script, "sh", "prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--log.level=warn")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log := filepath.Join(dir, "log")
	if err := s.launch(t, cmd, log); err != nil {
		t.Fatalf("start prometheus: %v\n%s", err, tail(log))
	}
	return s
}

func (s *Server) launch(t testing.TB, cmd *exec.Cmd, log string) error {
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	life, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // by a signal
		close(ended)
	}()
	t.Cleanup(func() {
		_ = life.Close()
		select {
		case <-ended:
		case <-time.After(endDeadline):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
	})
	return s.ready(ended)
}

func (s *Server) ready(ended <-chan struct{}) error {
	deadline := time.After(startDeadline)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := s.get("/-/ready"); err == nil {
			return nil
		}
		select {
		case <-ended:
			return errors.New("it has ended")
		case <-deadline:
			return fmt.Errorf("it is not ready after %s", startDeadline)
		case <-tick.C:
		}
	}
}

// get is the body of an answer with status 200.
func (s *Server) get(path string) ([]byte, error) {
	answer, err := s.client.Get(s.url + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(body))
	}
	return body, err
}

// tail is the end of a log.
func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-startLines):])
}

// freePort chooses a port on which nothing listens, below those that the kernel
// hands out by itself.
func freePort() (int, error) {
	const first, last = 20000, 32000
	for range 200 {
		port := first + rand.IntN(last-first)
		l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("find a free port")
}
