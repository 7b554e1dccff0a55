! Arrays, formatted output, complex numbers, file input and output, and intrinsic functions.
program matrix
  implicit none
  integer, parameter :: n = 120
  double precision :: a(n, n), b(n, n), c(n, n)
  complex(kind=8) :: z
  integer :: i, j, total
  character(len=40) :: line
  do j = 1, n
    do i = 1, n
      a(i, j) = sin(dble(i * j))
      b(i, j) = 1.0d0 / dble(i + j)
    end do
  end do
  c = matmul(a, b)
  print '(a, f18.10)', 'trace ', sum([(c(i, i), i = 1, n)])
  print '(a, es16.8)', 'largest ', maxval(abs(c))
  z = (1.0d0, 2.0d0)
  print '(a, 2f12.6)', 'exp ', exp(z)
  open (unit=10, file='out.txt', status='replace')
  do i = 1, 10
    write (10, '(i5, f10.4)') i, sqrt(dble(i))
  end do
  close (10)
  open (unit=10, file='out.txt', status='old')
  total = 0
  do i = 1, 10
    read (10, '(a)') line
    total = total + len_trim(line)
  end do
  close (10, status='keep')
  print *, 'characters', total
  if (total /= 150) stop 4
end program matrix
