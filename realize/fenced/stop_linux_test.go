package fenced

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/lease/sqllease"
	"github.com/sluice-project/sluice/sqldb/sqlite"
)

// A process of its own writes to a server and stops itself at one point of its
// way, for longer than its lease. The points are named by this variable.
const (
	stopAt    = "FENCED_TEST_STOP_AT"
	stopURL   = "FENCED_TEST_URL"
	stopStore = "FENCED_TEST_STORE"
)

var stopped = autoscaler.JobKey{Job: "0123456789abcdef0123456789abcdef"}

const leaseTime = 1500 * time.Millisecond

func TestMain(m *testing.M) {
	if os.Getenv(stopAt) == "" {
		os.Exit(m.Run())
	}
	if err := writeAndStop(context.Background(), os.Getenv(stopAt)); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// halt stops this process at its point, to the instruction: the signal goes to
// the thread that sends it. It goes on when it is told to.
func halt(here string) {
	if os.Getenv(stopAt) == here {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		_, _, _ = syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(os.Getpid()), uintptr(syscall.Gettid()), uintptr(syscall.SIGSTOP))
	}
}

func writeAndStop(ctx context.Context, _ string) error {
	db, err := sqlite.Open(ctx, sqlite.Config{Path: os.Getenv(stopStore)})
	if err != nil {
		return err
	}
	keeper, err := newKeeper(sqllease.New(db), "old")
	if err != nil {
		return err
	}
	keeper.Listed(ctx, "c", []autoscaler.JobKey{stopped})
	work, leave, ok := keeper.Enter(ctx, stopped)
	if !ok {
		return errors.New("the job is not ours")
	}
	defer leave()
	dialer := &net.Dialer{}
	pool := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		halt("before connect")
		conn, err := dialer.DialContext(ctx, network, address)
		halt("after connect")
		return haltingConn{conn}, err
	}}
	transport := &Transport{
		Next: pool, Guard: haltingGuard{keeper}, Clock: lease.BootClock, Deadline: leaseTime / 3,
		Late: func(*lease.Grant, *http.Request, []byte) { fmt.Println("late") },
	}
	r, err := http.NewRequestWithContext(work, http.MethodPut, os.Getenv(stopURL), strings.NewReader(strings.Repeat("x", 20_000)))
	if err != nil {
		return err
	}
	fmt.Println("begins")
	response, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func newKeeper(store lease.Store, name string) (*lease.Keeper, error) {
	return lease.New(lease.Config{
		Store: store, Name: name, Time: leaseTime, Clock: lease.BootClock,
		Random: func() float64 { return 0.5 }, Logger: slog.New(slog.DiscardHandler),
	})
}

type haltingGuard struct{ *lease.Keeper }

func (g haltingGuard) Permit(ctx context.Context, grant *lease.Grant, need time.Duration) (lease.Permit, error) {
	halt("before check")
	permit, err := g.Keeper.Permit(ctx, grant, need)
	halt("after check")
	return permit, err
}

// haltingConn is below the look at the clock: what stops here has passed it.
type haltingConn struct{ net.Conn }

func (c haltingConn) Write(b []byte) (int, error) {
	halt("in write")
	n, err := c.Conn.Write(b)
	halt("after write")
	return n, err
}

// receiver counts whole requests.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got int
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		if _, err := io.Copy(io.Discard, request.Body); err == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.got++
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// received is the number of requests once all have ended.
func (r *receiver) received() int {
	r.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

func TestAProcessThatWasStoppedSendsNothingWhenItGoesOn(t *testing.T) {
	for _, test := range []struct {
		at       string
		received int
		says     string
	}{
		{at: "nowhere", received: 1},
		{at: "before check", says: lease.ErrLost.Error()},
		{at: "after check", says: ErrTooLate.Error()},
		{at: "before connect", says: "error: "},
		{at: "after connect", says: "error: "},
		// The first of several pieces had passed the clock: it goes, the rest stays.
		{at: "in write", says: "late"},
		{at: "after write", says: "late"},
	} {
		t.Run(test.at, func(t *testing.T) {
			t.Parallel()
			server, file := newReceiver(t), filepath.Join(t.TempDir(), "sluice.db")
			said := stopAndGoOn(t, test.at, server.URL, file)
			if got := server.received(); got != test.received {
				t.Errorf("the server got %d whole requests, want %d; the process said:\n%s", got, test.received, said)
			}
			if !strings.Contains(said, test.says) {
				t.Errorf("the process said %q, want %q in it", said, test.says)
			}
		})
	}
}

// stopAndGoOn starts the process, waits until it has stopped, lets another one
// take its job over, lets it go on, and returns what it said.
func stopAndGoOn(t *testing.T, at, url, file string) string {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: file})
	if err == nil {
		err = db.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), stopAt+"="+at, stopURL+"="+url, stopStore+"="+file)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "begins\n" {
		t.Fatalf("the process said %q, %v", line, err)
	}
	if at != "nowhere" {
		awaitStop(t, cmd.Process.Pid)
		takeOver(t, sqllease.New(db))
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code says what it said
	return string(rest)
}

// awaitStop waits until the process is stopped.
func awaitStop(t *testing.T, pid int) {
	t.Helper()
	await(t, "the process has stopped", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		_, fields, _ := strings.Cut(string(stat), ") ")
		return strings.HasPrefix(fields, "T")
	})
}

// takeOver waits until another process owns the job.
func takeOver(t *testing.T, store lease.Store) {
	t.Helper()
	keeper, err := newKeeper(store, "new")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- keeper.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	await(t, "another process has the job", func() bool {
		keeper.Listed(t.Context(), "c", []autoscaler.JobKey{stopped})
		_, leave, ok := keeper.Enter(t.Context(), stopped)
		if ok {
			leave()
		}
		return ok
	})
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline, tick := time.NewTimer(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Fatalf("not within 30 s: %s", what)
		case <-tick.C:
		}
	}
}
