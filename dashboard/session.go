package dashboard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// longestLogin is the size of what a browser may send to sign in, in bytes, and
	// loginTimeout how long it may take to.
	longestLogin = 8 << 10
	loginTimeout = 5 * time.Second
)

// A session is ROLE.EXPIRY.MAC, its key the token that it was got for: it outlives
// a restart of the process, and ends with the token.

func (a *access) bySession(value string) (Person, bool) {
	role, rest, _ := strings.Cut(value, ".")
	expiry, mac, _ := strings.Cut(rest, ".")
	until, err := strconv.ParseInt(expiry, 10, 64)
	token := a.tokenOf(Role(role))
	if err != nil || token == "" || a.now().Unix() >= until {
		return Person{}, false
	}
	if !hmac.Equal([]byte(mac), []byte(signature(token, role, expiry))) {
		return Person{}, false
	}
	return a.byToken(token)
}

func (a *access) tokenOf(role Role) string {
	switch role {
	case RoleOperator:
		return a.OperatorToken
	case RoleViewer:
		return a.ViewerToken
	}
	return ""
}

func signature(token, role, expiry string) string {
	mac := hmac.New(sha256.New, []byte(token))
	_, _ = mac.Write([]byte("sluice session " + role + " " + expiry))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// login gives a browser a session for a token, and lets it go on where it was.
func (a *access) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, longestLogin)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(loginTimeout)) // the connection's clock is the machine's
	next := nextPage(r.PostFormValue("next"))
	person, err := a.shown(r, r.PostFormValue("token"))
	if err != nil {
		a.refuseLogin(w, r, next, problemOf(err))
		return
	}
	until := a.now().Add(sessionTime)
	expiry := strconv.FormatInt(until.Unix(), 10)
	role := string(person.Role)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: role + "." + expiry + "." + signature(a.tokenOf(person.Role), role, expiry),
		Path: "/", Expires: until, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: a.secure(r),
	})
	w.Header().Set("Location", next)
	w.WriteHeader(http.StatusSeeOther)
}

func (a *access) refuseLogin(w http.ResponseWriter, r *http.Request, next string, p *problem) {
	if p.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", retryAfter)
	}
	if !wantsPage(r) {
		writeProblem(w, p)
		return
	}
	signIn{Next: next, Fault: p.Detail, Tokens: a.tokens()}.write(w, p.Status)
}

// secure tells whether the browser speaks TLS, here or with the proxy in front.
func (a *access) secure(r *http.Request) bool {
	return r.TLS != nil || a.fromProxy(r) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// nextPage is the page that a person wanted, if it is one of ours: a path with its
// query, and nothing that a browser takes for another server.
func nextPage(text string) string {
	const home = "/"
	page, err := url.Parse(text)
	if err != nil || len(text) > longestPath || page.IsAbs() || page.Host != "" || page.User != nil || !plainPath(page.EscapedPath()) || strings.Contains(text, `\`) {
		return home
	}
	for _, none := range []string{"/login", "/logout", "/api/", "/assets/"} {
		if strings.HasPrefix(page.Path, none) {
			return home
		}
	}
	return page.RequestURI()
}

func (a *access) logout(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
}
