package dashboard

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sluice-project/sluice/internal/browser"
)

func TestOptionsAreLowRowsOnAPhone(t *testing.T) {
	server := served(t, Config{Book: busyBook(t, 1), Version: "test"})
	tab := browser.Open(t, 390, 844)
	var mean, wide float64
	tab.Do(t, "list all options", chromedp.Navigate(server.URL+"/config"), chromedp.WaitVisible(`#all`), chromedp.WaitVisible(`//span[contains(text(),"profile")]`), chromedp.Click(`#all`), chromedp.WaitVisible(`.options tbody tr`),
		chromedp.Evaluate(`(rows => rows.reduce((n, r) => n + r.getBoundingClientRect().height, 0) / rows.length)([...document.querySelectorAll(".options tbody tr")])`, &mean),
		chromedp.Evaluate(`(place => place.scrollWidth - place.clientWidth)(document.querySelector(".options").parentElement)`, &wide))
	shoot(t, tab, "options-phone")
	if mean > 100 || wide > 0 {
		t.Errorf("a row is %.0f pixels high on average, and the table %.0f wider than its place; want at most 100, and none", mean, wide)
	}
}

func TestAPathWithoutAPageSaysSoInABrowser(t *testing.T) {
	server := served(t, Config{Book: busyBook(t, 1), Version: "test"})
	tab := browser.Open(t, 1360, 900)
	var text, link string
	response, err := chromedp.RunResponse(tab.Context, chromedp.Navigate(server.URL+"/flet"))
	if err != nil || response.Status != http.StatusNotFound {
		t.Fatalf("%v, %v; want 404", response, err)
	}
	tab.Do(t, "read it", chromedp.WaitVisible(`//h1[text()="Not here"]`), chromedp.Text(`main`, &text), chromedp.WaitVisible(`//span[@id="link"][text()="live"]`), chromedp.Text(`.link`, &link))
	tab.Do(t, "go back", chromedp.Click(`main a`), chromedp.WaitVisible(`tr.job`))
	if !strings.Contains(text, "There is no such page.") {
		t.Errorf("it says %q", text)
	}
	for path, accept := range map[string]string{"/flet": "application/json", "/api/v1/flet": "text/html"} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		newDashboard(t, Config{Book: busyBook(t, 1)}).ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s for %s: %d, %q", path, accept, w.Code, w.Header())
		}
	}
}
