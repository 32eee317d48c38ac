package realdb

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Stop ends the server in good order: connections are cut, transactions undone.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.signal(t, s.kind.stop)
	s.wait()
}

// Start starts a server that was stopped or killed, on the same port with the
// same data, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if s.pid != 0 {
		t.Fatalf("%s is running", s.kind.name)
	}
	if err := s.launch(); err != nil {
		t.Fatal(err)
	}
	if err := s.ready(User, Password); err != nil {
		t.Fatal(err)
	}
}

// Kill ends all of the server's processes at once, as kill -9 does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.Freeze(t)
	for _, pid := range append(s.children(t), s.pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // a child may have ended
	}
	s.wait()
}

// Freeze stops the server from doing anything, with its connections open: it
// answers nothing until [Server.Thaw]. New connections are taken by the kernel
// and not answered.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGSTOP) // so that it starts no more children
	for _, pid := range s.children(t) {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
}

// Thaw lets a frozen server go on.
func (s *Server) Thaw(t testing.TB) {
	t.Helper()
	for _, pid := range s.children(t) {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	s.signal(t, syscall.SIGCONT)
}

// children are the processes that the server has started: PostgreSQL has one
// for each connection, in process groups of their own.
func (s *Server) children(t testing.TB) []int {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(stats) == 0 {
		t.Skip("a server can be frozen and killed where there is /proc only")
	}
	var children []int
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent …, with anything in the name.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(s.pid) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			children = append(children, pid)
		}
	}
	return children
}
