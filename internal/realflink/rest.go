package realflink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// requestTimeout bounds one request; the longest are the upload of a jar and, on a busy machine, the planning of SQL.
const requestTimeout = 90 * time.Second

func newHTTPClient() *http.Client {
	return &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 2}}
}

// Call sends one request to the REST interface (path from the first slash on, as in "/jobs/overview") and decodes the
// answer into out, if there is an out. An answer other than 2xx is an error with the start of its body.
func (c *Cluster) Call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(b)
	}
	return c.send(ctx, method, path, "application/json", body, out)
}

func (c *Cluster) send(ctx context.Context, method, path, contentType string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.URL()+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Content-Type", contentType)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.600s", method, path, res.Status, b)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// upload gives a jar to the JobManager, once per JobManager.
func (c *Cluster) upload(ctx context.Context, jar string) (id string, err error) {
	if id := c.uploaded[jar]; id != "" {
		return id, nil
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	if err := addFile(m, jar); err != nil {
		return "", err
	}
	var answer struct{ Filename string }
	if err := c.send(ctx, http.MethodPost, "/jars/upload", m.FormDataContentType(), &body, &answer); err != nil {
		return "", err
	}
	if c.uploaded == nil {
		c.uploaded = map[string]string{}
	}
	c.uploaded[jar] = filepath.Base(answer.Filename)
	return c.uploaded[jar], nil
}

func addFile(m *multipart.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	part, err := m.CreateFormFile("jarfile", filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = io.Copy(part, f)
	return errors.Join(err, m.Close())
}

// WaitReady waits until the REST interface answers and every TaskManager that we run is registered.
func (c *Cluster) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	procs := c.processes()
	return waitFor(ctx, "the cluster", procs, func() (bool, error) {
		var overview struct{ TaskManagers []struct{ ID string } }
		if err := c.Call(ctx, http.MethodGet, "/taskmanagers", nil, &overview); err != nil {
			return false, err
		}
		there := map[string]bool{}
		for _, tm := range overview.TaskManagers {
			there[tm.ID] = true
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for id := range c.tms {
			if !there[id] {
				return false, fmt.Errorf("TaskManager %s is not registered", id)
			}
		}
		return true, nil
	})
}
