package dashboard

import (
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

var (
	//go:embed assets
	assetFiles embed.FS
	//go:embed openapi.yaml
	openAPI []byte
)

// assets serves the page's own files.
func assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := fs.ReadFile(assetFiles, strings.TrimPrefix(path.Clean(r.URL.Path), "/"))
		if err != nil {
			refuse(w, http.StatusNotFound, "there is no "+r.URL.Path)
			return
		}
		writeTagged(w, r, mime.TypeByExtension(path.Ext(r.URL.Path)), body)
	})
}

// page serves the one document; its script shows what the path asks for.
func (d *Dashboard) page(w http.ResponseWriter, r *http.Request) { writePage(w, r, "index.html") }

func loginPage(w http.ResponseWriter) {
	body, _ := assetFiles.ReadFile("assets/login.html")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write(body)
}

func writePage(w http.ResponseWriter, r *http.Request, name string) {
	body, _ := assetFiles.ReadFile("assets/" + name)
	writeTagged(w, r, "text/html; charset=utf-8", body)
}

func (d *Dashboard) contract(w http.ResponseWriter, r *http.Request) {
	writeTagged(w, r, "application/yaml", openAPI)
}
