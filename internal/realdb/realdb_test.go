package realdb

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// In a child process: start a server, say where, and be killed.
	if os.Getenv("REALDB_CHILD") != "" {
		s, err := begin(map[string]*kind{"postgres": postgres, "mariadb": mariadb}[os.Getenv("REALDB_CHILD")], Config{})
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString(s.dir + " " + strconv.Itoa(s.pid) + "\n")
		select {}
	}
	goleak.VerifyTestMain(m)
}

// each runs a test against both kinds of servers.
func each(t *testing.T, test func(t *testing.T, k *kind)) {
	for _, k := range []*kind{postgres, mariadb} {
		t.Run(k.name, func(t *testing.T) { test(t, k) })
	}
}

func TestTestsShareAServerAndHaveDatabasesOfTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, k *kind) {
		s, again := share(t, k), share(t, k)
		if s != again {
			t.Error("a second server was started")
		}
		one, two := s.NewDatabase(t), s.NewDatabase(t)
		if one == two {
			t.Fatalf("both got %s", one)
		}
		name := one[strings.LastIndex(one, "/")+1:]
		s.Exec(t, name, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
		if err := s.exec(User, Password, two[strings.LastIndex(two, "/")+1:], "SELECT * FROM t"); err == nil {
			t.Error("a database shows another's table")
		}
		if err := s.exec(User, "wrong", name, "SELECT 1"); err == nil {
			t.Error("any password will do")
		}
	})
}

func TestWhatIsCommittedSurvivesStopAndKill(t *testing.T) {
	each(t, func(t *testing.T, k *kind) {
		s := own(t, k, Config{})
		name := s.NewDatabase(t)
		name = name[strings.LastIndex(name, "/")+1:]
		s.Exec(t, name, "CREATE TABLE t (a INT PRIMARY KEY)")
		for i, end := range []func(testing.TB){s.Kill, s.Stop} {
			s.Exec(t, name, "INSERT INTO t VALUES ("+strconv.Itoa(i)+")")
			end(t)
			if err := s.exec(User, Password, name, "SELECT 1"); err == nil {
				t.Error("it answers although it was ended")
			}
			s.Start(t)
			if err := s.exec(User, Password, name, "INSERT INTO t VALUES ("+strconv.Itoa(i)+")"); err == nil {
				t.Errorf("row %d is gone", i)
			}
		}
	})
}

func TestAFrozenServerAnswersNothingUntilItIsThawed(t *testing.T) {
	each(t, func(t *testing.T, k *kind) {
		s := own(t, k, Config{})
		db, err := k.open(s, User, Password, k.adminDatabase)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Freeze(t)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := db.ExecContext(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an open connection: %v", err)
		}
		s.Thaw(t)
		s.Exec(t, "", "SELECT 1")
	})
}

func TestWithTLSTheCertificateIsForLoopback(t *testing.T) {
	s := NewPostgres(t, Config{TLS: true})
	conn, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil { // "may I use TLS?"
		t.Fatal(err)
	}
	if answer := make([]byte, 1); func() error { _, err := conn.Read(answer); return err }() != nil || answer[0] != 'S' {
		t.Fatalf("the server answers %q", answer)
	}
	pem, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	if err := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: loopback}).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	NewMariaDB(t, Config{TLS: true}).Exec(t, "", "SELECT 1")
}

func TestAServerEndsWithTheProcessThatStartedIt(t *testing.T) {
	each(t, func(t *testing.T, k *kind) {
		require(t, k)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "REALDB_CHILD="+k.scheme)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 200)
		n, err := out.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		words := bytes.Fields(line[:n])
		dir := string(words[0])
		pid, err := strconv.Atoi(string(words[1]))
		if err != nil {
			t.Fatal(err)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		deadline := time.Now().Add(20 * time.Second)
		for {
			_, stat := os.Stat(dir)
			if errors.Is(stat, os.ErrNotExist) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s is still there", dir)
			}
			<-time.After(20 * time.Millisecond)
		}
		if b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && !bytes.Contains(b, []byte(") Z ")) && syscall.Kill(pid, 0) == nil {
			t.Errorf("the server still runs: %s", b)
		}
	})
}

func TestWhereADatabaseIsMissingTestsSkipAndFailInCI(t *testing.T) {
	none := errors.New("not installed")
	for _, c := range []struct {
		name    string
		ci      bool
		choice  string
		missing error
		want    verdict
	}{
		{name: "all there", want: run},
		{name: "all there, in CI", ci: true, want: run},
		{name: "off", choice: "off", want: skip},
		{name: "off is not heard in CI", choice: "off", ci: true, want: run},
		{name: "missing", missing: none, want: skip},
		{name: "missing in CI", missing: none, ci: true, want: fail},
	} {
		got, why := canRun(c.ci, c.choice, func() error { return c.missing })
		if got != c.want || (got == run) != (why == "") {
			t.Errorf("%s: %v (%s), want %v", c.name, got, why, c.want)
		}
	}
}
