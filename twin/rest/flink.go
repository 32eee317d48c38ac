package rest

import (
	"fmt"
	"net/http"
	"net/url"
)

// flinkAnswer answers as Flink.
func (s *Server) flinkAnswer(r *http.Request, body []byte) reply {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return failure(http.StatusBadRequest, fmt.Sprintf("Bad request: %v", err))
	}
	answer := s.world.Twin().Answer(r.Method, r.URL.Path, query, body)
	if answer.Status == 0 {
		return reply{drop: true}
	}
	return reply{status: answer.Status, body: answer.Body()}
}
