package realprometheus

import (
	"encoding/json"
	"fmt"
	"net/url"
)

// Series is one series of an answer.
type Series struct {
	Labels map[string]string `json:"metric"`
}

// Query evaluates an expression now. It fails where the expression cannot be
// evaluated.
func (s *Server) Query(expr string) ([]Series, error) {
	var answer struct {
		Result []Series `json:"result"`
	}
	err := s.ask("/api/v1/query?query="+url.QueryEscape(expr), &answer)
	return answer.Result, err
}

// Rule is an alert that Prometheus knows.
type Rule struct {
	Name string `json:"name"`
	// State is inactive, pending or firing.
	State string `json:"state"`
	// Health is ok, err or unknown; LastError says why it is err.
	Health    string `json:"health"`
	LastError string `json:"lastError"`
	Alerts    []struct {
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"alerts"`
}

// Rules are all rules by their names.
func (s *Server) Rules() (map[string]Rule, error) {
	var answer struct {
		Groups []struct {
			Rules []Rule `json:"rules"`
		} `json:"groups"`
	}
	if err := s.ask("/api/v1/rules", &answer); err != nil {
		return nil, err
	}
	rules := map[string]Rule{}
	for _, g := range answer.Groups {
		for _, r := range g.Rules {
			rules[r.Name] = r
		}
	}
	return rules, nil
}

func (s *Server) ask(path string, data any) error {
	body, err := s.get(path)
	if err != nil {
		return fmt.Errorf("ask prometheus: %w", err)
	}
	answer := struct {
		Data any `json:"data"`
	}{data}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("ask prometheus: %w", err)
	}
	return nil
}
