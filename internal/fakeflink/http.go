package fakeflink

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Server serves a JobManager over HTTP/1.1 with kept-alive connections. It reads
// of a request what it needs and no more; net/http would cost several times as
// much as the answer.
type Server struct {
	manager  *JobManager
	listener net.Listener
	group    sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

// Serve listens on a port of the loopback interface, 0 for a free one.
func Serve(m *JobManager, port int) (*Server, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("serve the fake job manager: %w", err)
	}
	s := &Server{manager: m, listener: listener, open: map[net.Conn]struct{}{}}
	s.group.Go(s.accept)
	return s, nil
}

// URL is the address to give to a client.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close ends all connections and waits for what is going on.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.group.Wait()
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		if !s.enter(conn) {
			_ = conn.Close()
			return
		}
		s.group.Go(func() {
			defer s.leave(conn)
			s.talk(conn)
		})
	}
}

func (s *Server) enter(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[conn] = struct{}{}
	return true
}

func (s *Server) leave(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
	_ = conn.Close()
}

// talk answers the requests of a connection until it ends. What comes with a
// request that makes no sense is the end of it too.
func (s *Server) talk(conn net.Conn) {
	in := bufio.NewReader(conn)
	var body, out []byte
	for {
		r, last, err := readRequest(in)
		if err != nil {
			return
		}
		var status int
		body, status = s.manager.answer(body[:0], r)
		out = append(appendHead(out[:0], status, len(body), last), body...)
		if _, err := conn.Write(out); err != nil || last {
			return
		}
	}
}

func appendHead(dst []byte, status, length int, last bool) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(append(dst, ' '), http.StatusText(status)...)
	dst = append(dst, "\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(length), 10)
	if last {
		dst = append(dst, "\r\nConnection: close"...)
	}
	return append(dst, "\r\n\r\n"...)
}

// readRequest reads one request; last tells that the client wants no further
// answer on this connection.
func readRequest(in *bufio.Reader) (r request, last bool, err error) {
	line, err := readLine(in)
	if err != nil {
		return r, false, err
	}
	method, rest, _ := strings.Cut(string(line), " ")
	target, protocol, ok := strings.Cut(rest, " ")
	if !ok || !strings.HasPrefix(protocol, "HTTP/1.") {
		return r, false, errors.New("not a request of HTTP/1")
	}
	r.method = method
	r.path, r.query, _ = strings.Cut(target, "?")
	length := 0
	for {
		if line, err = readLine(in); err != nil {
			return r, false, err
		}
		if len(line) == 0 {
			break
		}
		switch key, value, _ := bytes.Cut(line, []byte(":")); {
		case bytes.EqualFold(key, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 || length > 1<<20 {
				return r, false, errors.New("a length that makes no sense")
			}
		case bytes.EqualFold(key, []byte("User-Agent")):
			r.sender = string(bytes.TrimSpace(value))
		case bytes.EqualFold(key, []byte("Connection")):
			last = bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
		}
	}
	if length > 0 {
		r.body = make([]byte, length)
		_, err = io.ReadFull(in, r.body)
	}
	return r, last, err
}

func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
