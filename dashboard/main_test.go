package dashboard

import (
	"os"
	"testing"

	"github.com/sluice-project/sluice/internal/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }
