package powerloss

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
)

// The network block device protocol, as much of it as qemu needs.
const (
	nbdMagic       = 0x4e42444d41474943 // NBDMAGIC
	optionMagic    = 0x49484156454f5054 // IHAVEOPT
	optionReply    = 0x0003e889045565a9
	requestMagic   = 0x25609513
	replyMagic     = 0x67446698
	optionGo       = 7
	replyAck       = 1
	replyInfo      = 3
	replyUnknown   = 1<<31 + 1
	handshakeFlags = 1 | 2     // fixed newstyle, no zeroes
	diskFlags      = 1 | 4 | 8 // there are flags; it can be flushed; and written through
	commandRead    = 0
	commandWrite   = 1
	commandLeave   = 2
	commandFlush   = 3
	writeThrough   = 1
	inputOutput    = 5 // EIO
	largestRequest = 64 << 20
)

// Serve gives the disk to one machine, at the address that it returns.
func (d *Disk) Serve(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		s := &nbd{disk: d, in: bufio.NewReaderSize(conn, 1<<20), out: bufio.NewWriterSize(conn, 1<<20)}
		if err := s.agree(); err != nil {
			t.Errorf("the disk's handshake: %v", err)
			return
		}
		// The machine is killed: however that looks here is right.
		_ = s.serve()
	}()
	return l.Addr().String()
}

type nbd struct {
	disk *Disk
	in   *bufio.Reader
	out  *bufio.Writer
}

func (s *nbd) send(fields ...any) error {
	for _, f := range fields {
		if err := binary.Write(s.out, binary.BigEndian, f); err != nil {
			return err
		}
	}
	return s.out.Flush()
}

// agree goes through the handshake, up to the option that begins the transmission.
func (s *nbd) agree() error {
	if err := s.send(uint64(nbdMagic), uint64(optionMagic), uint16(handshakeFlags)); err != nil {
		return err
	}
	if _, err := s.in.Discard(4); err != nil { // the client's flags
		return err
	}
	for {
		var option struct {
			Magic        uint64
			Kind, Length uint32
		}
		if err := binary.Read(s.in, binary.BigEndian, &option); err != nil {
			return err
		}
		if option.Magic != optionMagic || option.Length > 4096 {
			return fmt.Errorf("an option begins %+v", option)
		}
		if _, err := s.in.Discard(int(option.Length)); err != nil {
			return err
		}
		if option.Kind != optionGo {
			if err := s.send(uint64(optionReply), option.Kind, uint32(replyUnknown), uint32(0)); err != nil {
				return err
			}
			continue
		}
		return s.send(uint64(optionReply), option.Kind, uint32(replyInfo), uint32(12),
			uint16(0), uint64(s.disk.Size()), uint16(diskFlags),
			uint64(optionReply), option.Kind, uint32(replyAck), uint32(0))
	}
}

// serve carries requests out one after the other, so that a flush covers all before it.
func (s *nbd) serve() error {
	for {
		var request struct {
			Magic          uint32
			Flags, Command uint16
			Handle, Offset uint64
			Length         uint32
		}
		if err := binary.Read(s.in, binary.BigEndian, &request); err != nil {
			return err
		}
		if request.Magic != requestMagic || request.Length > largestRequest || request.Offset+uint64(request.Length) > uint64(s.disk.Size()) {
			return fmt.Errorf("a request begins %+v", request)
		}
		var data []byte
		var ok bool
		switch request.Command {
		case commandRead:
			data = make([]byte, request.Length)
			ok = s.disk.ReadAt(data, int(request.Offset))
		case commandWrite:
			p := make([]byte, request.Length)
			if _, err := io.ReadFull(s.in, p); err != nil {
				return err
			}
			ok = s.disk.WriteAt(p, int(request.Offset), request.Flags&writeThrough != 0)
		case commandFlush:
			ok = s.disk.Flush()
		case commandLeave:
			return nil
		default:
			return errors.New("a command that wasn't offered")
		}
		var failed uint32
		if !ok {
			failed, data = inputOutput, nil
		}
		if err := s.send(uint32(replyMagic), failed, request.Handle, data); err != nil {
			return err
		}
	}
}
