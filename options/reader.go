package options

// Reader reads many options of one configuration and keeps the first error,
// so that the caller looks for it once, at the end:
//
//	r := options.NewReader(cfg)
//	window := options.Read(r, options.MetricsWindow)
//	target := options.Read(r, options.UtilizationTarget)
//	if err := r.Err(); err != nil { … }
type Reader struct {
	cfg Config
	err error
}

// NewReader returns a Reader of cfg.
func NewReader(cfg Config) *Reader { return &Reader{cfg: cfg} }

// Read is [Get]; in case of an error it returns the zero value.
func Read[T any](r *Reader, o Option[T]) T {
	v, err := Get(r.cfg, o)
	r.keep(err)
	return v
}

// ReadOptional is [Find]; in case of an error found is false.
func ReadOptional[T any](r *Reader, o Option[T]) (value T, found bool) {
	v, found, err := Find(r.cfg, o)
	r.keep(err)
	return v, found && err == nil
}

// Err returns the first error of any read so far, or nil.
func (r *Reader) Err() error { return r.err }

func (r *Reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}
