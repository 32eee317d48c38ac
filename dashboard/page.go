package dashboard

import (
	"embed"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"sync"
)

var (
	//go:embed assets
	assetFiles embed.FS
	//go:embed openapi.yaml
	openAPI []byte
)

//go:embed login.html
var loginText string

var loginTemplate = template.Must(template.New("login").Parse(loginText))

// shared are the answers that are the same for everybody, made once: the page's own
// files by their paths, and the contract.
var shared = sync.OnceValue(func() map[string]*answer {
	all := map[string]*answer{contractPath: newAnswer("application/yaml", openAPI)}
	_ = fs.WalkDir(assetFiles, "assets", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			body, _ := assetFiles.ReadFile(file)
			all["/"+file] = newAnswer(mime.TypeByExtension(path.Ext(file)), body)
		}
		return nil
	})
	return all
})

const (
	contractPath = "/api/v1/openapi.yaml"
	pagePath     = "/assets/index.html"
)

// asset serves the page's own files.
func (d *Dashboard) asset(w http.ResponseWriter, r *http.Request) {
	file, there := shared()[r.URL.Path]
	if !there || r.URL.Path == contractPath {
		refuse(w, http.StatusNotFound, nothingAt(r))
		return
	}
	file.write(w, r)
}

// page serves the one document; its script shows what the path asks for.
func (d *Dashboard) page(w http.ResponseWriter, r *http.Request) { shared()[pagePath].write(w, r) }

// nowhere is what a browser gets at a path without a page: the document, whose script
// says so.
func nowhere(w http.ResponseWriter, r *http.Request) {
	document := shared()[pagePath]
	w.Header().Set("Content-Type", document.kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept-Encoding")
	if document.packed != nil && takesPacked(r) {
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.WriteHeader(http.StatusNotFound)
	document.send(w, r)
}

func (d *Dashboard) contract(w http.ResponseWriter, r *http.Request) {
	shared()[contractPath].write(w, r)
}

// signIn is what the page says to who is not known.
type signIn struct {
	// Next is where to go on, and Fault why it is not that far yet.
	Next, Fault string
	// Tokens tells whether a token helps.
	Tokens bool
}

func (s signIn) write(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = loginTemplate.Execute(w, s) // who went away cannot be told
}
