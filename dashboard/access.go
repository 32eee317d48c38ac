package dashboard

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
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
	// an operator if GroupsHeader names one of OperatorGroups, and otherwise a viewer.
	// A group * makes everybody an operator whom the proxy names.
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
	// ShortestToken is the least length of a token, in bytes.
	ShortestToken = 16
)

type access struct {
	Access
	now    func() time.Time
	origin *http.CrossOriginProtection
	wrong  *wrongTokens
}

func newAccess(c Config) (*access, error) {
	a := c.Access
	for name, token := range map[string]string{"viewer": a.ViewerToken, "operator": a.OperatorToken} {
		if token != "" && len(token) < ShortestToken {
			return nil, fmt.Errorf("the token of the %s has %d characters; want at least %d", name, len(token), ShortestToken)
		}
	}
	if a.OperatorToken != "" && a.ViewerToken == a.OperatorToken {
		return nil, errors.New("viewer and operator have the same token: want two, or the operator's alone")
	}
	if len(a.TrustedProxies) == 0 {
		a.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	return &access{Access: a, now: c.Now, origin: http.NewCrossOriginProtection(), wrong: newWrongTokens(c)}, nil
}

// tokens tells whether a token lets anybody in.
func (a *access) tokens() bool { return a.ViewerToken != "" || a.OperatorToken != "" }

type personKey struct{}

// personOf is who asks; admitted has put it there.
func personOf(ctx context.Context) Person {
	p, _ := ctx.Value(personKey{}).(Person)
	return p
}

// admitted lets in who may see.
func (a *access) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, err := a.person(r)
		if err == nil {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), personKey{}, person)))
			return
		}
		p := problemOf(err)
		if p.Status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", retryAfter)
		} else {
			w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
		}
		if r.Method != http.MethodGet || !wantsPage(r) {
			writeProblem(w, p)
			return
		}
		s := signIn{Next: r.URL.RequestURI(), Tokens: a.tokens()}
		if !errors.Is(err, errNobody) {
			s.Fault = p.Detail
		}
		s.write(w, p.Status)
	})
}

func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

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

var (
	errNobody = &problem{Status: http.StatusUnauthorized, Detail: "show a token: Authorization: Bearer TOKEN"}
	errWrong  = &problem{Status: http.StatusUnauthorized, Detail: "that is no token of this server"}
)

// person finds out who asks: by token, proxy or session.
func (a *access) person(r *http.Request) (Person, error) {
	if !a.needed() {
		return Person{"local", RoleOperator}, nil
	}
	if token, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); given && a.tokens() {
		return a.shown(r, token)
	}
	if a.UserHeader != "" && a.fromProxy(r) {
		if name := r.Header.Get(a.UserHeader); name != "" {
			return Person{name, a.roleByGroups(r)}, nil
		}
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		if p, known := a.bySession(cookie.Value); known {
			return p, nil
		}
	}
	if a.tokens() {
		return Person{}, errNobody
	}
	return Person{}, a.notThroughProxy(r)
}

// notThroughProxy says what is wrong where only a proxy can say who asks.
func (a *access) notThroughProxy(r *http.Request) error {
	why := fmt.Sprintf("the proxy at %s names nobody in the header %s", addressOf(r.RemoteAddr).Addr(), a.UserHeader)
	if !a.fromProxy(r) {
		why = fmt.Sprintf("%s is none of the proxies that are trusted (sluice.server.trusted-proxies)", addressOf(r.RemoteAddr).Addr())
	}
	return &problem{Status: http.StatusUnauthorized, Detail: "people sign in at the proxy in front of this server, and this request does not come from there signed in: " + why}
}

// shown is who holds the token that a request shows.
func (a *access) shown(r *http.Request, token string) (Person, error) {
	from := addressOf(r.RemoteAddr)
	if !a.wrong.mayTry(from) {
		return Person{}, errTooMany
	}
	person, known := a.byToken(strings.TrimSpace(token))
	if !known {
		a.wrong.tried(r.Context(), from)
		return Person{}, errWrong
	}
	return person, nil
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

// anyGroup among the groups of operators makes everybody one.
const anyGroup = "*"

func (a *access) roleByGroups(r *http.Request) Role {
	if slices.Contains(a.OperatorGroups, anyGroup) {
		return RoleOperator
	}
	for group := range strings.SplitSeq(r.Header.Get(a.GroupsHeader), ",") {
		if slices.Contains(a.OperatorGroups, strings.TrimSpace(group)) {
			return RoleOperator
		}
	}
	return RoleViewer
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
