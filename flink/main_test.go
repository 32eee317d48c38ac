package flink

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/internal/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorded reads one file of testdata.
func recorded(t testing.TB, name string) []recording.Exchange {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	exchanges, err := recording.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return exchanges
}

// replay makes a client that is answered from one file of testdata, whose clock
// stands at the end.
func replay(t testing.TB, name string) *Client {
	t.Helper()
	player, err := recording.NewPlayer(recorded(t, name))
	if err != nil {
		t.Fatal(err)
	}
	_, last := player.Span()
	player.Advance(last)
	return newClient(t, Config{Addresses: []string{"localhost:8081"}, Transport: player})
}

func newClient(t testing.TB, config Config) *Client {
	t.Helper()
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}
