package shards

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/commandtest"
)

// binary is the command under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &binary)) }

// full tells whether the long forms are to run.
func full() bool { return os.Getenv("SLUICE_REAL") == "full" }

// process is a running sluice.
type process struct {
	name   string
	cmd    *exec.Cmd
	frozen bool

	mu   sync.Mutex
	tail []string // the last lines of its log
	read chan struct{}
}

// keepLines is how much of a log is shown when a test fails.
const keepLines = 20

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(binary, args...), read: make(chan struct{})}
	p.cmd.Env = []string{"HOME=" + t.TempDir()}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go p.follow(stderr)
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the last of %s (process %d):\n%s", name, p.cmd.Process.Pid, p.text())
		}
	})
	return p
}

func (p *process) follow(r io.Reader) {
	defer close(p.read)
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		if !telling(scanner.Text()) {
			continue
		}
		p.mu.Lock()
		p.tail = append(p.tail, scanner.Text())
		p.tail = p.tail[max(0, len(p.tail)-keepLines):]
		p.mu.Unlock()
	}
}

// telling leaves out what every pass says.
func telling(line string) bool {
	for _, usual := range [...]string{`"msg":"decision"`, `"msg":"event"`, `"msg":"something is left out`, `"msg":"pass ended`} {
		if strings.Contains(line, usual) {
			return false
		}
	}
	return true
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}

// kill ends the process as it is, and waits until it is gone.
func (p *process) kill() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.read
	_ = p.cmd.Wait()
}

// terminate ends the process in good order.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.read:
	case <-time.After(time.Minute):
		t.Fatalf("%s does not end", p.name)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%s: %v", p.name, err)
	}
}

func (p *process) freeze(t *testing.T) {
	t.Helper()
	p.frozen = true
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

func (p *process) thaw(t *testing.T) {
	t.Helper()
	p.frozen = false
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// sleep lets what the test watches go on for a while.
func sleep(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, within time.Duration, condition func() bool) {
	t.Helper()
	deadline, tick := time.NewTimer(within), time.NewTicker(50*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Fatalf("not within %s: %s", within, what)
		case <-tick.C:
		}
	}
}
