package flink

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path"
)

// JarUpload is the body that answers an upload.
type JarUpload struct {
	Filename string `json:"filename"`
	Status   string `json:"status"`
}

// RunJarRequest says how to run a jar. What is left empty is Flink's default.
type RunJarRequest struct {
	EntryClass            string            `json:"entryClass,omitempty"`
	Args                  []string          `json:"programArgsList,omitempty"`
	Parallelism           int               `json:"parallelism,omitempty"`
	JobID                 JobID             `json:"jobId,omitempty"`
	AllowNonRestoredState bool              `json:"allowNonRestoredState,omitempty"`
	SavepointPath         string            `json:"savepointPath,omitempty"`
	ClaimMode             string            `json:"claimMode,omitempty"` // CLAIM, NO_CLAIM, LEGACY
	Configuration         map[string]string `json:"flinkConfiguration,omitempty"`
}

// RunJarResponse is the body that answers the running of a jar.
type RunJarResponse struct {
	JobID         JobID  `json:"jobid"`
	ApplicationID string `json:"applicationId,omitempty"` // since 2.3
}

func (u *JarUpload) check() error {
	if u.Filename == "" {
		return missing("filename")
	}
	return nil
}

func (r *RunJarResponse) check() error {
	if r.JobID == "" {
		return missing("jobid")
	}
	return nil
}

// UploadJar uploads a jar under a file name that ends in .jar, and returns its
// id. The jar is read into memory first.
func (c *Client) UploadJar(ctx context.Context, name string, jar io.Reader) (string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="jarfile"; filename=%q`, name)},
		"Content-Type":        {"application/x-java-archive"},
	})
	if err == nil {
		_, err = io.Copy(part, jar)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return "", fmt.Errorf("read jar %s: %w", name, err)
	}
	r := call(http.MethodPost, "jars", "upload")
	r.body, r.contentType = body.Bytes(), form.FormDataContentType()
	upload, err := fetch[JarUpload](ctx, c, r)
	if err != nil {
		return "", err
	}
	return path.Base(upload.Filename), nil
}

// RunJar submits the job of an uploaded jar.
func (c *Client) RunJar(ctx context.Context, jarID string, run RunJarRequest) (RunJarResponse, error) {
	return post[RunJarResponse](ctx, c, call(http.MethodPost, "jars", jarID, "run"), run)
}

// DeleteJar removes an uploaded jar.
func (c *Client) DeleteJar(ctx context.Context, jarID string) error {
	_, err := fetch[Empty](ctx, c, call(http.MethodDelete, "jars", jarID))
	return err
}
