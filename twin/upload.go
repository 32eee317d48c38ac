package twin

import (
	"archive/zip"
	"bufio"
	"bytes"
	"io"
	"mime/multipart"
	"path"
	"strings"
)

// upload is a file that was sent.
type upload struct {
	name    string
	content []byte
}

// uploaded are the files in the body of a form. What separates its parts stands at
// its begin; a body that is none has no files.
func uploaded(body []byte) []upload {
	line, _, _ := bytes.Cut(body, []byte("\r\n"))
	boundary, is := strings.CutPrefix(string(line), "--")
	if !is || boundary == "" {
		return nil
	}
	var files []upload
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return files
		}
		if part.FileName() == "" {
			continue
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil
		}
		files = append(files, upload{name: path.Base(part.FileName()), content: content})
	}
}

// mainClass is the class that a jar begins with, as its manifest says; empty if it
// does not.
func mainClass(jar []byte) string {
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return ""
	}
	manifest, err := archive.Open("META-INF/MANIFEST.MF")
	if err != nil {
		return ""
	}
	defer manifest.Close()
	class := ""
	for lines := bufio.NewScanner(manifest); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch key {
		case "program-class":
			return strings.TrimSpace(value)
		case "Main-Class":
			class = strings.TrimSpace(value)
		}
	}
	return class
}
