package realdb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// begin makes a server and starts it for the first time.
func begin(k *kind, c Config) (*Server, error) {
	dir, err := os.MkdirTemp("", "sluice-"+k.scheme+"-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for %s: %w", k.name, err)
	}
	s := &Server{kind: k, dir: dir}
	if err := s.first(c); err != nil {
		return nil, fmt.Errorf("start %s: %w (its folder is %s)", k.name, err, dir)
	}
	return s, nil
}

func (s *Server) first(c Config) (err error) {
	if err := s.watch(); err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	if err := s.give(s.dir); err != nil {
		return err
	}
	if s.args, err = s.kind.prepare(s, c); err != nil {
		return err
	}
	if err := s.launch(); err != nil {
		return err
	}
	if err := s.ready(s.kind.admin, ""); err != nil {
		return err
	}
	return s.exec(s.kind.admin, "", "", s.kind.setUp...)
}

// watch starts a shell that waits for the end of this process, however it ends,
// and then ends the server and removes its folder.
func (s *Server) watch() error {
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("watch over the server: %w", err)
	}
	defer read.Close()
	// PostgreSQL frees its shared memory when it is told to quit, and says so by
	// removing a file; MariaDB has none. A dead process that nobody waits for
	// would still answer to kill -0.
	const script = `cat
if pid=$(cat "$1/server.pid"); then
  kill -CONT "$pid"
  kill -QUIT "$pid"
  n=0
  while [ -e "$1/data/postmaster.pid" ] && [ $n -lt 50 ]; do
    sleep 0.1
    n=$((n + 1))
  done
  kill -KILL "$pid"
fi
n=0
while ! rm -rf "$1" && [ $n -lt 50 ]; do
  sleep 0.1
  n=$((n + 1))
done`
	cmd := exec.Command("sh", "-c", script, "sh", s.dir)
	cmd.Stdin = read
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("watch over the server: %w", err)
	}
	watched.keep(write)
	return cmd.Process.Release()
}

// watched holds the pipes open until the process ends.
var watched openFiles

type openFiles struct {
	mu    sync.Mutex
	files []*os.File
}

func (o *openFiles) keep(f *os.File) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.files = append(o.files, f)
}

// launch starts the server's process.
func (s *Server) launch() error {
	cmd, err := s.command(s.args)
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.args[0], err)
	}
	s.pid = cmd.Process.Pid
	// From here on the process is ours to wait for: no goroutine of os/exec does.
	if err := cmd.Process.Release(); err != nil {
		return err
	}
	return os.WriteFile(s.pidFile(), []byte(strconv.Itoa(s.pid)), 0o600)
}

// command is a program that runs as the user who may, with its output in the
// folder's log.
func (s *Server) command(args []string) (*exec.Cmd, error) {
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	watched.keep(log)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "TZ=UTC", "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		uid, gid, err := s.owner()
		if err != nil {
			return nil, err
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: true}
	}
	return cmd, nil
}

// runOnce runs a program to its end.
func (s *Server) runOnce(args ...string) error {
	cmd, err := s.command(args)
	if err != nil {
		return err
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, s.tail())
	}
	return nil
}

func (s *Server) owner() (uid, gid int, err error) {
	u, err := user.Lookup(s.kind.as)
	if err != nil {
		return 0, 0, err
	}
	uid, _ = strconv.Atoi(u.Uid) // numbers on every system that has a root
	gid, _ = strconv.Atoi(u.Gid)
	return uid, gid, nil
}

// give lets the server's user have a file, where that is another one.
func (s *Server) give(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := s.owner()
	if err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}

// startDeadline is for a busy machine; idle, a server is ready in a second.
const startDeadline = time.Minute

// connectTimeout is for one attempt: a server that starts may take a connection
// and not answer it.
const connectTimeout = 5 * time.Second

// ready waits until the server answers, and fails early if it ends.
func (s *Server) ready(user, password string) error {
	deadline := time.Now().Add(startDeadline)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.exec(user, password, "", "SELECT 1")
		if err == nil {
			return nil
		}
		if s.ended() {
			return errors.New("it has ended: " + s.tail())
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it does not answer after %s: %w: %s", startDeadline, err, s.tail())
		}
		<-tick.C
	}
}

// ended tells whether the process is gone, and if so forgets it.
func (s *Server) ended() bool {
	if s.pid == 0 {
		return true
	}
	if pid, _ := syscall.Wait4(s.pid, nil, syscall.WNOHANG, nil); pid == s.pid {
		s.forget()
	}
	return s.pid == 0
}

func (s *Server) wait() {
	for s.pid != 0 {
		if _, err := syscall.Wait4(s.pid, nil, 0, nil); !errors.Is(err, syscall.EINTR) {
			s.forget()
		}
	}
}

// forget is for a process that is gone: its number may become another's.
func (s *Server) forget() {
	s.pid = 0
	_ = os.Remove(s.pidFile()) // the folder may go with it
}

func (s *Server) pidFile() string { return filepath.Join(s.dir, "server.pid") }

func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if s.pid == 0 {
		t.Fatalf("%s is not running", s.kind.name)
	}
	if err := syscall.Kill(s.pid, signal); err != nil {
		t.Fatalf("send %s to %s: %v", signal, s.kind.name, err)
	}
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

// tail is the end of the log.
func (s *Server) tail() string {
	b, err := os.ReadFile(s.log())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

func (s *Server) removeFolder(t testing.TB) {
	t.Helper()
	if t.Failed() {
		t.Logf("%s: %s", s.kind.name, s.tail())
	}
	// Its other processes notice the end of the first one in a moment.
	var err error
	for range 100 {
		if err = os.RemoveAll(s.dir); err == nil {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	t.Error(err)
}

const loopback = "127.0.0.1"

// freePort chooses a port on which nothing listens, below those that the kernel
// hands out by itself: nothing takes it while the server is stopped.
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
