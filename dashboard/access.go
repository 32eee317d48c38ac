package dashboard

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Access says who may use a dashboard. The zero value lets everybody act who
// reaches it, and is meant for the loopback.
type Access struct {
	// ViewerToken and OperatorToken let their holders see, and see and act; empty
	// lets nobody in by it.
	ViewerToken, OperatorToken string
	// UserHeader is the request header in which a proxy in front names the person
	// who asks, such as X-Forwarded-User; empty trusts no proxy. Who comes by it is
	// an operator if GroupsHeader names one of OperatorGroups, or if those are empty.
	UserHeader, GroupsHeader string
	OperatorGroups           []string
	// TrustedProxies are the addresses from which those headers are believed; empty
	// is the loopback.
	TrustedProxies []netip.Prefix
	// Hosts are the names under which the page is reached, besides the loopback's
	// and any address; others are refused, which keeps foreign pages out that let
	// their name point here. A single * takes any.
	Hosts []string
}

// needed tells whether who asks has to say who it is.
func (a Access) needed() bool {
	return a.ViewerToken != "" || a.OperatorToken != "" || a.UserHeader != ""
}

// Role is what a person may do.
type Role string

// The roles: a viewer sees all, and an operator acts too.
const (
	RoleViewer   Role = "viewer"
	RoleOperator Role = "operator"
)

// Person is who asks.
type Person struct {
	// Name is for events and logs: that of the proxy, or which token was shown.
	Name string
	Role Role
}

const (
	cookieName  = "sluice_session"
	sessionTime = 30 * 24 * time.Hour
	shortToken  = 16
)

type access struct {
	Access
	now    func() time.Time
	origin *http.CrossOriginProtection
}

func newAccess(a Access, now func() time.Time) (*access, error) {
	for name, token := range map[string]string{"viewer": a.ViewerToken, "operator": a.OperatorToken} {
		if token != "" && len(token) < shortToken {
			return nil, fmt.Errorf("the token of the %s has %d characters; want at least %d", name, len(token), shortToken)
		}
	}
	if a.OperatorToken != "" && a.ViewerToken == a.OperatorToken {
		return nil, errors.New("viewer and operator have the same token: want two, or the operator's alone")
	}
	if len(a.TrustedProxies) == 0 {
		a.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	return &access{Access: a, now: now, origin: http.NewCrossOriginProtection()}, nil
}

type personKey struct{}

// personOf is who asks; admitted has put it there.
func personOf(ctx context.Context) Person {
	p, _ := ctx.Value(personKey{}).(Person)
	return p
}

// admitted lets in who may see.
func (a *access) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, known := a.person(r)
		switch {
		case known:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), personKey{}, person)))
		case r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html"):
			loginPage(w)
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
			refuse(w, http.StatusUnauthorized, "show a token: Authorization: Bearer TOKEN")
		}
	})
}

// operators lets on who may act.
func (a *access) operators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := personOf(r.Context()); p.Role != RoleOperator {
			refuse(w, http.StatusForbidden, p.Name+" may look and not act: this needs the role operator")
			return
		}
		if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
			// A form of a foreign page cannot send this type.
			refuse(w, http.StatusUnsupportedMediaType, fmt.Sprintf("the Content-Type is %q; want application/json", r.Header.Get("Content-Type")))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// person finds out who asks: by token, session or proxy.
func (a *access) person(r *http.Request) (Person, bool) {
	if !a.needed() {
		return Person{"local", RoleOperator}, true
	}
	if token, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); given {
		return a.byToken(strings.TrimSpace(token))
	}
	if a.UserHeader != "" && a.fromProxy(r) {
		if name := r.Header.Get(a.UserHeader); name != "" {
			return Person{name, a.roleByGroups(r)}, true
		}
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		return a.bySession(cookie.Value)
	}
	return Person{}, false
}

func (a *access) byToken(token string) (Person, bool) {
	for _, c := range []struct {
		token string
		role  Role
	}{{a.OperatorToken, RoleOperator}, {a.ViewerToken, RoleViewer}} {
		if c.token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(c.token)) == 1 {
			return Person{"holder of the " + string(c.role) + " token", c.role}, true
		}
	}
	return Person{}, false
}

func (a *access) fromProxy(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) })
}

func (a *access) roleByGroups(r *http.Request) Role {
	if len(a.OperatorGroups) == 0 {
		return RoleOperator
	}
	for group := range strings.SplitSeq(r.Header.Get(a.GroupsHeader), ",") {
		if slices.Contains(a.OperatorGroups, strings.TrimSpace(group)) {
			return RoleOperator
		}
	}
	return RoleViewer
}

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

// login gives a browser a session for a token.
func (a *access) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	person, known := a.byToken(strings.TrimSpace(r.FormValue("token")))
	if !known {
		w.Header().Set("Location", "/?login=failed")
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	until := a.now().Add(sessionTime)
	expiry := strconv.FormatInt(until.Unix(), 10)
	role := string(person.Role)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: role + "." + expiry + "." + signature(a.tokenOf(person.Role), role, expiry),
		Path: "/", Expires: until, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
}

func (a *access) logout(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
}

// hosts refuses requests for names that are not ours.
func (a *access) hosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.ours(r.Host) {
			refuse(w, http.StatusMisdirectedRequest, fmt.Sprintf("this is not %q: name it as a host of the page (sluice.server.hosts), or ask by address", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *access) ours(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	return slices.ContainsFunc(a.Hosts, func(h string) bool { return h == "*" || strings.EqualFold(h, host) })
}

// sameOrigin refuses what another page makes a browser send.
func (a *access) sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.origin.Check(r); err != nil {
			refuse(w, http.StatusForbidden, "sent by a page of another origin: "+err.Error())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// secured sets what a browser is to keep to.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
