package dashboard

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// What the list of a thousand jobs costs, as the fleet page asks for it.
func BenchmarkAThousandJobs(b *testing.B) {
	d := newDashboard(b, Config{Book: bookOf(b, 1000, 60)})
	for _, encoding := range []string{"", "gzip"} {
		b.Run("as "+encoding, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/jobs", nil)
				r.Header.Set("Accept-Encoding", encoding)
				w := httptest.NewRecorder()
				d.ServeHTTP(w, r)
				b.SetBytes(int64(w.Body.Len()))
			}
		})
	}
}
