"""The kinds of pairs on which graders go wrong, a pair a line: two answers, parted by ` | `."""

from __future__ import annotations

import pytest

from shared.grading.exact import compare


def pairs(block: str) -> list[tuple[str, str]]:
    found = [tuple(line.split(" | ")) for line in block.strip().splitlines()]
    return [(a, b) for a, b in found]


#: No firm `equal`: letters, names, marks and close values that another reader takes for the same.
NOT_EQUAL = pairs(r"""
x^2+3h^2 | x^2+3
6s^2 | 6
6 s^2 | 6
2mg | 2
2 mg | 2
4+3 m | 7 m
4 + 3 m | 7
4-2m^2 | 2
3x + 2 s | 3x+2
a + 5 g | a + 5
5h | 5
\frac{1}{2}gt^2 m | \frac{1}{2}gt^2
2\pi r h | 2\pi r
7N | 7
3L | 3
2W | 2
4J | 4
9m^3 | 9
x+1 \text{ m} | x + 1 \text{ km}
e^{\pi\sqrt{163}} | 262537412640768744
1-e^{-50} | 1
1-e^{-200} | 1
\pi | 3.141592653589793
\pi | \frac{3141592653589793}{1000000000000000}
\sqrt{10^{40}+1} | 10^{20}
\sqrt{10^{200}+7} | 10^{100}
\left(\frac{1+\sqrt{5}}{2}\right)^{60} | 3461452808002
(0,\pi) | (0,\frac{3141592653589793}{1000000000000000})
x<\pi | x<\frac{3141592653589793}{1000000000000000}
x+10^{-20}\pi | x
x^2+y^2=\pi | x^2+y^2=\frac{3141592653589793}{1000000000000000}
\{\pi, 1\} | \{1, \frac{3141592653589793}{1000000000000000}\}
\tanh(30) | 1
2^{1/2} | \frac{6369051672525773}{4503599627370496}
\sqrt{2}+10^{-17} | \sqrt{2}
e^{-60} | 0
\sin(10^{-9}) | 10^{-9}
\cos(10^{-10}) | 1
\frac{\ln(10^{20}+1)}{\ln 10} | 20
(2+\sqrt{3})^{25} | 199531000000000
ABC | CAB
IV | VI
iv | vi
XI | IX
HHT | THH
TTH | HTT
hht | thh
R L L | L L R
A B C | C B A
abc | cba
AB | BA
\text{HHT} | \text{HTH}
ABCD | DCBA
\triangle ABC | \triangle BCA
2AB+1 | 2BA+2
AB \cdot CD | AC \cdot BD
2\zeta(3) | 3\zeta(2)
T(2n) | 2T(n)
W(2) | 2W(1)
f'(2x) | 2f'(x)
J_0(6) | 2J_0(3)
\Gamma(6) | 6\Gamma(1)
\pi(10) | 10\pi
\phi(12) | 2\phi(6)
\sigma(6) | 6\sigma(1)
d(12) | 3d(4)
p(10) | 2p(5)
u(2t) | 2u(t)
y(2) | 2y(1)
f(2x) | 2f(x)
f^{-1}(2x) | 2f^{-1}(x)
T^2(n) | T(n)T(n)
\operatorname{Li}(4) | 2\operatorname{Li}(2)
\operatorname{erf}(2) | 2\operatorname{erf}(1)
erf(2) | 2erf(1)
\mu(6) | 6\mu(1)
a_n(2) | 2a_n(1)
\theta(2) | 2\theta(1)
F(x+1) | F(x)+F(1)
\Phi(2) | 2\Phi(1)
Ei(2) | 2Ei(1)
h(x)+h(1) | h(x+1)
\psi(x+y) | \psi(x)+\psi(y)
180-A-C | 90-A-C
180^\circ - C | 90^\circ - C
A+B+C+4 | A+B+C
90-C | 180-C
a+b+c+C | a+b+c+C+5
x + C | x + C + 90
12 cm | 12^\circ
$10 | 10%
\$10 | 10\%
2 rad | 2°
60 radians | 60°
5 kg | 5\%
3 \text{ rad} | 3^\circ
7^\circ | 7\%
€5 | $5
£5 | €5
5 hours | 5^\circ
0.25 | 0.25%
1 | 1%
0.5\% | 0.5
-0.4 | -0.4\%
\frac{1}{4} | \frac{1}{4}\%
12:00 | 1:00
0:0 | 3:4
2:00 | 1:00
10:30 | 5:15
1:0 | 2:0
12:30:00 | 1:00:00
11,\!111 | (11,111)
1,\!234 | (1,234)
11,\!111 | 11, 111
\sin^2x+\cos^2x=1 | x^2=4
x=x | x^2=1
(x+1)^2=x^2+2x+1 | x+y=2
a cos B | A cos b
A \cos b | a \cos B
no integer solutions | no real solutions
no solution | no real solutions
increasing | strictly increasing
decreasing | strictly decreasing
x | X
Ab | aB
a sin B | A sin b
independent | linearly independent
0,125 | 125
0.125 | 125
0 125 | 125
00,125 | 125
0,125 | 0,0125
0,500 | 500
1,500 | 1.5
1.500 | 1500
3,14 | 314
3.142 | 3142
2,5 | 25
12,5 | 125
1'5 | 15
7.5 | 75
x^2+5 | x^2-5
\log_23x | \log_{23}x
\log_2 3x | \log_{23} x
2x(3) | 3x(2)+1
3m^2 | 3
x + 2\text{ h} | x+2
2n + 3 s | 2n+3
10\pi r m | 10\pi r
k g | k
5 N m | 5
v_0 t + 5 m | v_0 t + 5
12 in | 12 ft
7 m | 7 s
3 lb | 3 kg
5 L | 5 kg
\$5 | 5 euros
1 - 10^{-30}e | 1
\sinh(50) - \cosh(50) | 0
\ln(1+10^{-20}) | 0
\arctan(10^{20}) | \pi/2
e^{-100}x^2+x | x
\sqrt{2}\cdot 10^{-40} + 3 | 3
\frac{\pi}{\pi+10^{-25}} | 1
22/7 | \pi
XIV | XVI
xiv | xvi
CD | DC
mdc | cdm
HTHT | THTH
STOP | POTS
tea | eat
no | on
A B | B A
BAC | CAB
(ABC) | (BCA)
\text{ABC} | CAB
\{ABC\} | \{BCA\}
ABC, DEF | BCA, EFD
WWL | LWW
\overline{ABC} | \overline{CAB}
\angle ABC | \angle BCA
PQ + QR | QP + RQ
3T(2) | 2T(3)
\tau(6) | 6\tau(1)
\lambda(2) | 2\lambda(1)
S(2n) | 2S(n)
a(2) | 2a(1)
x(2t) | 2x(t)
g(2) | 2g(1)
G(x+1) | G(x)+G(1)
H_n(2x) | 2H_n(x)
P_2(2x) | 2P_2(x)
B(2) + B(3) | B(5)
\operatorname{sgn}(2) | 2\operatorname{sgn}(1)
\gcd(4,6) | 2\gcd(2,3)+1
det(2A) | 2det(A)
Re(2) | eR(2)
f''(2x) | 2f''(x)
y'(2) | 2y'(1)
\omega(12) | 12\omega(1)
\beta(2x) | 2\beta(x)
K(2) | 2K(1)
E(2X) | 2E(X)+1
V(2X) | 2V(X)
2^{T(2)} | 2^{2T(1)}
\sqrt{f(4)} | \sqrt{4f(1)}
90-C | 45-C
180^\circ - 2C | 90^\circ - 2C
A + C | A + C + 180
2x + C | 2x + 7 + C
\pi - C | 2\pi - C
C + 5 | C
12 cm | 12\%
12\% | 12 ways
5 m | 5^\circ
2 \text{ radians} | 2\%
$2 | 2^\circ
100 | 100 \text{ rad}^\circ
0.1 | 0.1\%
1/2 | \frac12\%
0.75 | .75\%
9:00 | 3:00
1:00 pm | 1:00 am
2-1 | 4-2
3:0 | 1:0
00:00 | 01:00
0:1 | 0:2
12:00:00 | 1:00:00
1,\!000 | (1,000)
\{1,\!234\} | \{1,234\}
1,\!234,\!567 | (1,234,567)
\tan x = \frac{\sin x}{\cos x} | x = 1
x + 1 = x + 1 | y = 2x
(a+b)^2 = a^2+2ab+b^2 | a+b=1
x^2 - x^2 = 0 | x = 0
a=b | A=B
\sin A | \sin a
AB | ab
Aa | aA
no real solution | no integer solution
linearly dependent | dependent
one-to-one | onto
no such number | no real solutions
0,5 | 5
0,05 | 5
0,012 | 12
0,125 | 1,25
012 | 0,12
1.234 | 1,234,000
1,234 | 12,34
1.5 | 15
1,2,3 | 123
1;234 | 1234
2 1/3 | 21/3
3, 4 | 3.4
10^{-3} | 0,01
5,000 | 5.0001
(-\infty, 3) | (-\infty, 3]
x^2+y^2=9 | x^2+y^2=9.0001
\frac{d}{dx} | \frac{1}{x}
2^{3^2} | 64
x\ge 2 | x>2
(1,2) | (2,1)
3+2i | 3-2i
\log_2 8 | \log_{28}1
\infty | -\infty
1 \pmod 5 | 1 \pmod 7
|x| | x
\sqrt{x^2} | x
\min(2,3) | \max(2,3)
5!! | 5!
\overline{AB} | \overline{BA}
a_1a_2 | a_{12}
x_1 + x_2 | x_{12}
\vec{a} | a
\dot{x} | x
\bar{x} | x
\hat{p} | p
\mathbf{0} | 1
12^\circ 30' | 12.3^\circ
10110_2 | 10110
77_8 | 77
(77)_8 | 77
|x|=3 | 3
|x| = 3 | x=3
\sin A = 1/2 | 1/2
A^2 = 4 | 4
C_1 x + C_2 y | C_2 x + C_1 y
q = Cv | q = 2Cv
(n-2)\pi | n\pi
x = (n-2)\pi | x = n\pi
2n+1 | 2n-1
3k | 3k+3
x > 3, x \in \mathbb{Z} | x > 3
n^2, n\in\mathbb{Z} | n^2+1, n\in\mathbb{Z}
\frac{dy}{dx} | \frac{y}{x}
\frac{d^2y}{dx^2} | \frac{dy}{x^2}
2^{-3} \text{ m} | 2^{-3} \text{ s}
(1,234) | 1234
x=5 or x=6 | x=5
\lim_{x\to 0} f(x) = 3 | 4
\int_0^1 x\,dx = 1/2 | 1/3
y=\sqrt{9-x^2} | x^2+y^2=9
x^2=9 | x=3
\sin 30 | \sin 30^\circ
1 hour 30 minutes | 1.3 hours
5 ft 6 in | 5.6 ft
½ | 2
x² | x2
10² | 102
3½ | 3.2
2³ | 23
\sqrt[3]{8} | 3\sqrt{8}
e^{2x} | e^2x
\frac{1}{2x} | \frac{1}{2}x
-2^2 | 4
(-2)^2 | -4
1/2+3 | 1/5
a_1 | a^1
x_2 | x^2
(x-1)(x+1) | x-1(x+1)
[0,1] | (0,1)
[0,1] | \{0,1\}
0.1\overline{6} | 0.\overline{16}
\binom{5}{2} | \frac{5}{2}
n! | n
1,2 | 1.2
\{1,2,2\} | \{1,1,3\}
\pm 3 | 3
x=1, y=2 | x=2, y=1
3 + 4i | 4 + 3i
N(t) = 2^t | N(t) = 2t
\log x | \ln x
\ln x | \log_{10} x
ABC | abc
line AB | line ab
5 | -\boxed{5}
2 | \frac{1}{\boxed{2}}
120 | The answer is 5!
(123) | (231)+1
2x + 3 m | 2x + 3
x cm | x
\frac{mg}{2} | \frac12
mgh | h
5 \text{ mg} | 5 mg h
2in | 2ni+1
3 ft | 3t
8 W | 8 J
6\text{ s}^2 | 6\text{ s}
9 N | 9 kg
2\text{m} | 2m+1
12 s^{-1} | 12 s
100 g | 100 kg
\pi m | \pi
3/4 h | 3/4
\sqrt{3} s | \sqrt{3}
e^{\pi\sqrt{67}} | 147197952744
e^{\pi\sqrt{43}} | 884736744
\cosh(40)-\sinh(40) | 0
\pi^4+\pi^5 | e^6
\sqrt{2}+\sqrt{3} | \pi
\sin 11 | -1
\ln 2 | 0.693147180559945309417232121458
1+10^{-100} | 1
1 + e^{-1000} | 1
10^{50} + 1 | 10^{50}
x + e^{-80} | x
2^{0.5} | 1.4142135623730951
\{1, e^{-60}\} | \{1, 0\}
(0, e^{-60}) | (0, 0)
\begin{pmatrix}1-e^{-60}\end{pmatrix} | \begin{pmatrix}1\end{pmatrix}
y = x + 10^{-30} | y = x
x \equiv 1 \pmod{10^{20}} | x \equiv 2 \pmod{10^{20}}
PQR | RQP
\text{BAD} | \text{DAB}
XX | XXX
XXIV | XXVI
ACB, BAC | CAB, BCA
\{HT, TH\} | \{HH, TT\}
\{HT\} | \{TH\}
MCMXC | MCXMC
LRLR | RLRL
NNE | NEN
AAB | ABA
AB=5 | BA=5
\vec{AB} | \vec{BA}
AB^2 | BA^2
A'B' | B'A'
A_1B_2 | A_2B_1
f(g(2)) | g(f(2))
f(2)g(3) | f(3)g(2)
3f(2) | 2f(3)
\pi(x) + \pi(y) | \pi(x+y)
\Gamma(2x) | 2\Gamma(x)
\eta(2) | 2\eta(1)
\delta(2x) | 2\delta(x)
\chi(2) | 2\chi(1)
\varphi(20) | 2\varphi(10)
\operatorname{Si}(2) | 2\operatorname{Si}(1)
\mathrm{Li}_2(2) | 2\mathrm{Li}_2(1)
\text{lcm}(4,6) | \text{lcm}(6,4)+1
\text{sgn}(2x) | 2\text{sgn}(x)
sinc(2x) | 2sinc(x)
max(2,3) | min(2,3)
S(4) | 4S(1)
F(2n) | 2F(n)
Q(x^2) | Q(x)^2
f(x)^2 | f(x^2)
f^2(x) | f(x)^2+1
f'(x) | f(x)
f(x) | fx+1
P(AB) | P(A)P(B)
P(A|B) | P(B|A)
P(X>2) | P(X>3)
E(XY) | E(X)E(Y)
\binom{n}{k} | \binom{k}{n}
C(5,2) | C(2,5)
C(5,2) | 10C
u_n(2) | 2u_n(1)
x^{(2)} | x^2
y''(2x) | 2y''(x)
f^{(4)}(2x) | 2f^{(4)}(x)
360-B-C | 180-B-C
\frac{C}{2} | \frac{C}{2}+1
\alpha + C | \alpha + C + \pi
2C+1 | 2C+2
\frac{\pi - C}{2} | \frac{2\pi - C}{2}
C^2+1 | C^2+2
n + C | n + C + 3
5 \text{ cm} | 5^\circ
5^\circ | 5 \text{ cm}^2
\$5 | 5^\circ
\$5 | 5 kg
5\% | 5 kg
5\% | \$5
90^\circ | 90 rad
90 radians | 90 degrees
1^\circ | 1\text{ rad}
1\% | 1^\circ
-0.5 | -0.5\%
1 | 1\%
\frac{3}{4}\% | \frac{3}{4}
0.999 | 0.999\%
.5% | .5
4:00 | 2:00
6:15 | 2:05
12:12 | 1:01
0:00 | 0:01
10:10:10 | 1:01:01
3:2 | 2:3
0:3 | 0:5
7:00 am | 7:00 pm
5-3 | 10-6
1,\!2 | (1,2)
99,\!999 | (99,999)
\{11,\!111\} | \{11,111\}
2,\!3 | 6
\cos^2 x = 1-\sin^2 x | \cos x = 1
0=0 | x=0
1=1 | 2=2x
2x = 2x | x = 2
\tan x\cot x = 1 | \tan x = 1
a\sin B = b | A\sin B=b
no real roots | no rational roots
strictly convex | convex
continuous | uniformly continuous
positive | nonnegative
at least 3 | more than 3
at most one | exactly one
finite | infinite
bounded | unbounded
one | two
0,25 | 25
0,250 | 250
0,001 | 1
0,010 | 10
01,234 | 1234.5
000,125 | 125
0.001 | 1
-0,125 | -125
0'125 | 125
00125 | 0,125
1,2345 | 12345
1,23 | 123
12.34.56 | 123456
1.23.456 | 123456
1,2,345 | 12345
1 23 | 123
1 2345 | 12345
1'23 | 123
1,000.000,5 | 1000000.5
9,99 | 999
""")
#: No firm `different`: letters that the answer binds, marks that mean two things, values in other dress.
NOT_DIFFERENT = pairs(r"""
C_1 + C_2 e^{x} | C_1 e^{x} + C_2
32,\!768 | 32768
32{,}768 | 32768
1,\!000,\!000 | 10^6
\pi/4+k\pi | 5\pi/4+k\pi
7k+3 | 7k-4
7k+3 | -7k+3
x = 2\pi k + \pi/3 | x = 2\pi k - 5\pi/3
\frac{\pi}{2}(2k+1) | \frac{\pi}{2}(2k-1)
\frac{\pi}{3}+2n\pi | \frac{\pi}{3}-2n\pi
\pi/4 + k\pi | \pi/4 + n\pi
k\pi | 2k\pi, (2k+1)\pi
C_1e^{2x}+C_2e^{3x} | C_2e^{2x}+C_1e^{3x}
Ce^{2x} | -Ce^{2x}
y = Ce^{x} | y = 5Ce^{x}
y = c_1 \cos x + c_2 \sin x | y = c_1 \sin x + c_2\cos x
A\cos x + B\sin x | B\cos x + A \sin x
x^2 + C | x^2 - C
\ln|x|+C | \ln|2x|+C
(1+t,2-t) | (2+t,1-t)
(t, 2t) | (2t, 4t)
(x,y,z) = (1+t, 2, 3t) | (x,y,z)=(2+t,2,3+3t)
x=1+t, y=2-t | x=2+t, y=1-t
\begin{pmatrix}1+t\\2-t\end{pmatrix} | \begin{pmatrix}2+t\\1-t\end{pmatrix}
1-\Phi(-1) | \Phi(1)
\Gamma(n+1) | n\Gamma(n)
f(x)+f(-x) | 2f(x)
\zeta(2) | \pi^2/6
\Gamma(1/2) | \sqrt{\pi}
0,111 | 0.111
1 234,5 | 1234.5
1.000,5 | 1000.5
3,14 | 3.14
0{,}5 | 1/2
1,5; 2,5 | 1.5, 2.5
(1,5; 2,5) | (1.5, 2.5)
-5^\circ | -5
-5\% | -5
60^\circ+30^\circ | 90
100\% - 20\% | 80
-\frac{1}{2}\% | -0.005
\log_23x | \log_2(3x)
n\ge4 | n>3
n \ge 4 | n > 3.5
k<5 | k\le 4
2<n<7 | 3\le n\le 6
1,500 | 1.5
1.500 | 1500
x=2, x=9 | \boxed{2} and \boxed{9}
2,9 | \boxed{2}, \boxed{9}
8640 | The subtotal is \boxed{720}. So the final answer is 8640.
720 | Case 1: \boxed{5}. Case 2: \boxed{720}
x^2=4 | x=\pm 2
AB=CD | CD=AB
\log_2 3x | \log_2(3x)
10 000 | 10000
10\,000 | 10000
1'000 | 1000
12,34,567 | 1234567
１２３ | 123
٣ | 3
٣٫٥ | 3.5
−5 | -5
1 000 000,5 | 1000000.5
2 345 | 2345
12'345,67 | 12345.67
1{,}500 | 1.5
3{,}5 | 3.5
(0{,}5; 1) | (0.5, 1)
٫5 | .5
１，０００ | 1000
1\,000\,000 | 10^6
1,5 \text{ cm} | 1.5 cm
x=0,5 | x=0.5
1,5\% | 1.5\%
2\pi k, k\in\mathbb{Z} | 2\pi k
4k+1 | 4k-3
6n-1 | 6n+5
6m-1 | 6n+5
\frac{\pi}{2}+\pi n | \pi n - \frac{\pi}{2}
2\pi n \pm \frac{\pi}{3} | 2\pi n\pm\frac{5\pi}{3}
\frac{k\pi}{2} | k\pi, \frac{\pi}{2}+k\pi
k_1 e^x + k_2 e^{-x} | k_2 e^x + k_1e^{-x}
Cx^2 | 3Cx^2
\frac{C}{x} | \frac{2C}{x}
\ln x + C | \ln x + \ln C
y = \frac{1}{C - x} | y = \frac{-1}{x + C}
y = Ce^{x^2} | y = \pm Ce^{x^2}
(2t, 1-t, t) | (-2t,1+t,-t)
\begin{pmatrix} s \\ 2s \end{pmatrix} | \begin{pmatrix} 2s \\ 4s\end{pmatrix}
(\cos t, \sin t) | (\sin t, \cos t)
(x,y) = (t, t^2) | (x,y) = (-t, t^2)
1 - \Phi(2) | \Phi(-2)
\Gamma(4) | 6
\zeta(4) | \frac{\pi^4}{90}
J_{-1}(x) | -J_1(x)
\phi(10) | 4
n > 0 | n \ge 1
1 < n < 5 | 2 \le n \le 4
m \le 3 | m < 4
-90^\circ | -90
-\frac{\pi}{2} | -90^\circ
-(5)\% | -5
1/3 | 33.3\%
\boxed{1} \boxed{2} | 1, 2
The answer is \boxed{3}, since \boxed{4} fails. | 3
\boxed{\text{Answer: } 5} | 5
\log_2 x^2 | 2\log_2 x
\log_34 | \log_3 4
1,234 | 1.234
2.500 | 2500
12.345.678 | 12345678
9:40 | 21:40
12:00 am | 0:00
24 \text{ hours} | 1 \text{ day}
x = 3 | \boxed{3}
5000 | 5{,}000
5000 | 5.000
\frac{\log 100}{2} | 1
\sin 30 | 1/2
-\ln 2 | \ln 0.5
x^2-1 | (x-1)(x+1)
e^{2\ln 3} | 9
\sqrt{-4} | 2i
{n \choose 2} | \frac{n(n-1)}{2}
\sum_{i=1}^{3} i | 6
\int_0^1 x dx | 1/2
\tfrac12 | 0.5
\frac 1 2 | 0.5
x=k\pi | x = k\pi + 2\pi
(s, t) | (t, s)
C_1x + C_2 | C_2x+C_1
x^2+C | x^2 + K
0.5 | 0{,}5
180 | 180^\circ
\sqrt{x}=2 | x=4
y = \ln x | x = e^y
y^2 = x | y = \pm\sqrt{x}
(x^2+y^2)^{10} = 9^{10} | x^2+y^2=9
\frac{x}{y}=1 | x=y
\ln x + \ln y = 0 | xy=1
(x-y)^2=0 | x=y
x^2 = y^2 | |x|=|y|
e^{10x} = e^{10y} | x=y
1000(x-y)^3 = 0 | x - y = 0
2\sin x\cos x = y | y=\sin 2x
n>3 | n \ge 4
\sin 90 | 1
y = C | y = 2C
5 | The answer is \boxed{5}!
(1,234) | 1234
100,\!000 | 100000
1,\!000 | 1{,}000
1\,234\,567 | 1234567
2,5 | 2.5
2,50 | 2.5
1.234,50 | 1234.5
1'234,50 | 1234.5
1 234 567,89 | 1234567.89
1,23,456 | 123456
12,345 | 12.345
12.345 | 12345
\frac{\pi}{6}+2k\pi | \frac{13\pi}{6}+2k\pi
\frac{(2k+1)\pi}{2} | \frac{(2k-1)\pi}{2}
\frac{(2k+1)\pi}{4} | \frac{(2k+3)\pi}{4}
5m+2 | 5m-3
180^\circ k + 30^\circ | 180^\circ k + 210^\circ
30^\circ+360^\circ n | -330^\circ + 360^\circ n
x=\pm\frac{\pi}{3}+2\pi k | x = 2\pi k \pm \frac{\pi}{3}
x = n\pi + (-1)^n\frac{\pi}{6} | x = \frac{\pi}{6}+2n\pi, x=\frac{5\pi}{6}+2n\pi
Ae^{2x}+Be^{3x} | Be^{2x}+Ae^{3x}
C_1+C_2e^{-x} | C_2 + C_1e^{-x}
c_1 x + c_2 x^2 | c_2 x + c_1 x^2
Ce^{-x} | -3Ce^{-x}
C\sin x | 2C\sin x
y = C e^{2x} | y = e^{2x + C}
y^2 = x^2 + C | y^2 = x^2 + 2C
x^2 + y^2 = C | x^2+y^2 = C^2
(3t, 4t) | (6t, 8t)
(1,2) + t(3,4) | (4,6) + t(3,4)
(2-s, s) | (s, 2-s)
x = 2+t, y = 3-t | x = 3 - t, y = 2 + t
\Phi(2) - \Phi(-2) | 2\Phi(2) - 1
\Gamma(5) | 24
\Gamma(x+1) | x\Gamma(x)
\zeta(-1) | -\frac{1}{12}
\operatorname{erf}(-x) | -\operatorname{erf}(x)
B(2,3) | \frac{1}{12}
W(e) | 1
\phi(7) | 6
\tau(12) | 6
d(12) | 6
H_3 | \frac{11}{6}
F_{10} | 55
T_2(x) | 2x^2-1
P_2(x) | \frac{3x^2-1}{2}
J_0(0) | 1
-(45^\circ) | -45
-45° | -45
-0.5^\circ | -0.5
-\frac12^\circ | -\frac12
\pm 30^\circ | \pm 30
30^\circ, 60^\circ | 30, 60
(30^\circ, 60^\circ) | (30, 60)
\{30^\circ, 150^\circ\} | \{30, 150\}
50\%, 25\% | 50, 25
x = 30^\circ | x=30
30^\circ < x < 60^\circ | 30 < x < 60
\log_5125 | \log_5 125
\log_2 8x | \log_2(8x)
\log_35 | \log_3 5
n\ge 1 | n>0
k\le 5 | k<6
n \in \{1,2,3\} | 1 \le n \le 3
m > 2 | m \ge 3
-1 < k < 1 | k = 0
\sin^2 x = 1 - \cos^2 x | \sin^2 x+\cos^2 x = 1
5 | \boxed{5} \text{ or } \boxed{5.0}
1.5 \times 10^3 | 1,500
1.5e3 | 1.500
3 | \text{three}
1, 234 | 1234
3 | \min f = 3 \text{ at } x = 2
2 | \min f = 3 \text{ at } x = 2
""")
#: Equal, and decided.
EQUAL = pairs(r"""
32,\!768 | 32768
32{,}768 | 32768
32,\! 768 | 32768
1,\!000,\!000 | 10^6
1.000,5 | 1000.5
1.234.567 | 1234567
1.234.567,89 | 1234567.89
10 000 | 10000
10 000 | 10^4
10\,000 | 10000
10~000 | 10000
1 234 567 | 1234567
1 234,5 | 1234.5
1 234.5 | 1234.5
1'000 | 1000
1’000’000 | 10^6
1'234.5 | 1234.5
12,34,567 | 1234567
1,00,000 | 100000
1,234.5 | 1234.5
１２３ | 123
１．５ | 3/2
٣ | 3
٣٫٥ | 3.5
−5 | -5
－5 | -5
𝑥+𝟏 | x+1
0,625 | 0.625
0{,}5 | 1/2
⅝ | 0.625
x=2, x=9 | \(\boxed{2}\) and \(\boxed{9}\)
\{2,9\} | \boxed{9}, \boxed{2}
x=\frac{\pi}{4}+k\pi | x=\frac{5\pi}{4}+k\pi
n=5k+2, k\in\mathbb{Z} | n=5k-3
7k+3, where k is an integer | 7k-4, k \in \mathbb{Z}
7k+3 for any integer k | 7k-4 for any integer k
y = C_1e^{2x}+C_2e^{3x} | y=C_2e^{2x}+C_1e^{3x}
-5^\circ | -5
-15\% | -15
60^\circ+30^\circ | 90
\frac{\pi}{3} | \frac\pi3
\frac{\pi}{3} | \frac\pi{3}
\frac{3}{8} | \\frac{3}{8}
\binom{9}{4} | {9 \choose 4}
\sqrt{2} | \sqrt{2} \approx 1.414
5_{10} | (101)_2
1/3 | 0.\bar3
1/3 | 0.\overline{3}
(-3,3) | |x|<3
x \ne 0,1 | \mathbb{R}\setminus\{0,1\}
1 hour 30 minutes | 90 minutes
2 hours and 15 minutes | 135 min
5 ft 6 in | 66 inches
3 x 10^8 | 300000000
three quarters | 3/4
two thirds | 2/3
one half | 0.5
3:30 pm | 15:30
28 pct | 28\%
28 percent | 0.28
a_{n}=n^2-1 | a_n=n^2-1
1 | |AB|=1
3/4 | \frac{AB}{CD}=\frac{3}{4}
2 | 17 \bmod 5 = 2
5 | The value is $5$.
\frac34 | So the answer is \(\frac{3}{4}\).
x=5 | $x = 5$ is the answer
\begin{array}{cc}1&2\\3&4\end{array} | \begin{pmatrix}1&2\\3&4\end{pmatrix}
\left[\begin{array}{cc}1&2\\3&4\end{array}\right] | [[1,2],[3,4]]
n(n+1)/2 | \frac{n^2+n}{2}
x(x+1) | x^2+x
2x(3x-2) | 6x^2-4x
a(b+c) | ab+ac
P(1+r)^t | (1+r)^tP
x^2(x+1) | x^3+x^2
n(n-1)! | n!
\pi(R^2-r^2) | \pi R^2-\pi r^2
2\pi r(r+h) | 2\pi r^2+2\pi r h
xy | yx
2abc | 2cab
e(e+1) | e^2+e
i(1+i) | i-1
5\text{ cm} | 5
5 cm | 5
24\pi \text{ square inches} | 24\pi
10 m/s | 10
2+\sqrt{3} \text{ cm} | 2+\sqrt{3}
x = 5 cm | 5
$12.50 | 12.5
\frac{\sin^2 x}{2}+C | -\frac{\cos^2x}{2}+C
x^2+C | x^2+c
\frac{x^3}{3}-x+C | \frac{x^3}{3}-x+c
150\% | 1.5
50\% | 50
50\% | 0.5
e^{i\pi} | -1
\sqrt{2}+\sqrt{3} | \sqrt{5+2\sqrt{6}}
(2+\sqrt{3})^{16}+(2-\sqrt{3})^{16} | 1416317954
\cos(\pi/7)-\cos(2\pi/7)+\cos(3\pi/7) | 1/2
\arctan(1/2)+\arctan(1/3) | \pi/4
2^{100}\sqrt{2} | 2^{100.5}
x^2 + \pi x | x(x+\pi)
no solution | There are no solutions
Monday | monday
60^\circ | \frac{\pi}{3} \text{ rad}
9:40 a.m. | 9:40 AM
\{0\}\cup[2,5) | [2,5)\cup\{0\}
7\text{ m/s} | 7 m/s
\frac{7}{2}\text{ cm} | 3.5
2\sqrt{3} cm | 2\sqrt{3}
3.5 kg | 3500 g
90 km/h | 25 m/s
5\ \text{cm}^2 | 5
12 square units | 12
\sqrt{2}\text{ units} | \sqrt{2}
$5 | 5 dollars
−12 | -12
２．５ | 2.5
1 000 | 1000
99,\!999 | 99999
1 hr 15 min | 75 minutes
2 ft 3 in | 27 in
2:30 pm | 14:30
2:30 PM | 2:30 p.m.
08:15 | 8:15
x \neq 1, 2, 3 | \mathbb{R} \setminus \{1,2,3\}
|2x-1| \le 3 | [-1,2]
|x| > 2 | (-\infty,-2)\cup(2,\infty)
\{1\}\cup\{2\} | \{1,2\}
5 = 2+3 | 5
23 \bmod 7 = 2 | 2
|AB| = 5 | 5
AB = 5 | 5
AB \approx 2.5 | AB = 2.5
The value of x is 5 | 5
Therefore the answer is $12$. | 12
We get $x = 4$. | 4
42 is the answer | 42
\frac{-1}{-2} | 0.5
\\boxed{5} | 5
\\sqrt{2} | \sqrt2
\begin{bmatrix}1\\2\end{bmatrix} | \left(\begin{array}{c}1\\2\end{array}\right)
one third | 1/3
two-thirds | 2/3
minus three | -3
15 pct | 0.15
15 per cent | 15\%
0.1\bar{6} | 1/6
.\overline{3} | 1/3
7.\overline{9} | 8
2 x 10^3 | 2000
(1010)_2 | 10
x_{1} = 5 | x_1 = 5
T(n) = 2n | 2n
x(x-1)(x-2) | x^3-3x^2+2x
t(1-t) | t-t^2
k(k+1)^2/4 | \frac{k^3+2k^2+k}{4}
(n+1)! | n!(n+1)
2x(x+1)^2 | 2x^3+4x^2+2x
AB + BC | BC + AB
PV | PV
f(x)+f(x) | 2f(x)
y = C_1 + C_2x | y = C_2 + C_1x
\tan x + C | \tan x + 3 + C
x = 2k\pi | x = -2k\pi
x = \frac{\pi}{2} + k\pi | x = -\frac{\pi}{2} + k \pi
180^\circ | \pi
180^\circ | \pi \text{ radians}
45^\circ | 45 \text{ degrees}
-30^\circ | -30
-12.5\% | -12.5
\frac{\sqrt{3}}{2} | \sin 60^\circ
<think>\boxed{4}</think>\boxed{5} | 5
\boxed{\boxed{5}} | 5
\boxed{5} and so \boxed{5} | 5
$$\boxed{\frac{1}{2}}$$ | 1/2
infinitely many solutions | infinitely many
DNE | does not exist
True | yes
e^{\pi i}+1 | 0
\sqrt[3]{2}\cdot\sqrt[3]{4} | 2
\cos 36^\circ | \frac{1+\sqrt5}{4}
55 | \sum_{k=1}^{10} k = 55
1/2 | \int_0^1 x\,dx = \frac{1}{2}
3 | \lim_{x \to 0} \frac{\sin 3x}{x} = 3
|A| = 5 | 5
2n, n \in \mathbb{Z} | 2n+4, n\in\mathbb{Z}
4k+1 \text{ where } k \in \mathbb{Z} | 4k-3, k \in \mathbb{Z}
y = C_1e^{x}+C_2e^{2x}+C_3e^{3x} | y = C_3e^{x}+C_1e^{2x}+C_2e^{3x}
1½ | 3/2
x² + 1 | 1 + x^2
2³ | 8
8^{2/3} | 4
72 | 72.
+5 | 5
\left(\frac{1}{2}\right) | 0.5
{5} | 5
5.0 | 5
\text{5} | 5
\mathrm{5\ cm} | 5 \text{ cm}
\dfrac{1}{2} | \tfrac{1}{2}
\frac{1}{2}x | \frac{x}{2}
\displaystyle 5 | 5
\left\{1,2\right\} | \{2,1\}
\lbrace 1,2 \rbrace | \{1,2\}
[2,\infty) | x\ge 2
x\in[2,\infty) | x \geq 2
|x|\leq 2 | -2\le x\le 2
|x-3|>1 | x<2 \text{ or } x>4
x \neq \pm 2 | \mathbb{R}\setminus\{-2,2\}
\frac{AB}{BC} = 2 | 2
|AC| = \sqrt{2} | \sqrt{2}
\triangle | \triangle
x_{12} = 3 | 3
a_{n} = 2n | a_n = 2n
2 \text{ hours } 30 \text{ minutes} | 150 \text{ minutes}
1 min 30 s | 90 seconds
5 m 20 cm | 520 cm
3:00 p.m. | 15:00
12:30 pm | 12:30 PM
100 mod 7 = 2 | 2
-7 \bmod 3 = 2 | 2
three fifths | 0.6
one-half | 1/2
0.\overline{12} | 4/33
0.1\dot{6} | 1/6
(11)_{2} | 3
(FF)_{16} | (FF)_{16}
\frac\pi2 | \pi/2
\frac{\pi}2 | \pi/2
\frac1{\sqrt2} | \frac{\sqrt2}{2}
\frac{1}{\sqrt 2} | \frac{\sqrt2}{2}
\sqrt\frac{1}{4} | 1/2
{5 \choose 2} | 10
\\frac{\\pi}{2} | \frac{\pi}{2}
\\(5\\) | 5
\\[ x = 5 \\] | 5
\sqrt{3} \approx 1.732 | \sqrt3
\frac{22}{7} \approx 3.14 | \frac{22}{7}
30 percent | 30\%
6.02 x 10^23 | 6.02 \times 10^{23}
2*3 | 6
2^10 | 1024
""")
#: Different, and decided.
DIFFERENT = pairs(r"""
32,\!768 | 32786
(2,5) | 7
(2,5] | 7
\begin{pmatrix}1&2\\3&4\end{pmatrix} | 4
x^2+y^2=9 | x^2+y^2=3
y=x^2 | y=x^2+1
xy=1 | xy=2
x^2+3x | x^2+4x
11:00 | 5:00
12 cm | 12^\circ
2 rad | 2^\circ
$10 | 10%
1,500 | 3
7k+3 | 7k+4
x=\frac{\pi}{6}+k\pi | x=\frac{\pi}{6}+2k\pi
y=C_1e^{-x}+C_2e^{4x} | y=C_1e^{x}+C_2e^{4x}
n\ge4 | n>4
yes | 7
even | 6
increasing | decreasing
increasing | strictly decreasing
infinity | 7
0.28\% | 28
n^2+n | n^2-n
0<k<4 | 0<k\le 4
3\ln 2 - 1 | 3\ln 2 + 1
A+B+C+4 | A+B+C
\sin^2 x+\cos^2 x=1 | x^2=9
AB=5 | AB=6
x=5 cm | 6 cm
5\text{ m} | 6\text{ m}
a_n=3n-1 | a_n=3n+2
(1,2) | 3
[1,2) | 1
\{1,2\} | 3
\begin{pmatrix}1\\2\end{pmatrix} | 2
no | 5
odd | 4
DNE | 7
5 cm | 6 cm
12\% | 13\%
12\% | 12 cm
x^2+2x+1 | x^2+2x+2
y = x | y = x^2
x^2+y^2=4 | x^2+y^2=16
x^2+y^2=4 | x+y=2
AB = 5 | 6
3:4 | 4:5
48,\!620 | 48602
1.000,5 | 1000.6
10 000 | 1000
2x+C | 3x+C
-5^\circ | 5
-5\% | 5
5k+1 | 5k+2
(1+t, 2-t) | (1+t, 3-t)
n \ge 4 | n > 4
2:30 pm | 2:30 am
23 \bmod 7 = 2 | 3
three quarters | 1/4
\boxed{5} | 6
sin(x) | cos(x)
y = x^2 | y = x^3
x^2+y^2=9 | x^2+y^2=9.5
y = e^x | y = e^{2x}
y=\sin x + 1 | y=\sin x
xy=1 | x+y=1
|x-1|<4 | (-3,6)
x\ne 0,1 | x\ne 0
1 hour 30 minutes | 91 minutes
2\pi \text{ rad} | 180^\circ
(0,1) | 1
\begin{bmatrix}1&0\\0&1\end{bmatrix} | 1
infinitely many | 12
diverges | 2
x^2+2 | x^2+3
2n^2+1 | 2n^2-1
\sqrt{2} | \sqrt{3}
y = 2x | y = 3x
y=x^2+1 | y = x^2-1
x^2-y^2=1 | y^2-x^2=1
\frac{x^2}{4}+\frac{y^2}{9}=1 | \frac{x^2}{9}+\frac{y^2}{4}=1
3 hours | 3 minutes
30^\circ | 31
30\% | 31
17 \bmod 5 = 2 | 5
\pi/4+k\pi | \pi/3+k\pi
7k+3 | 7k-3
C_1e^{2x}+C_2e^{3x} | C_1e^{2x}+C_2e^{4x}
Ce^{2x} | Ce^{3x}
(1+t,2-t) | (1+t,2+t)
0,111 | 0.112
1 234,5 | 1234.6
32,\!768 | 32769
\log_2(3x) | \log_2(4x)
""")

BLANKS = ["\u00a0", "\u2007", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000", "\\,", "\\;", "\\ ", "~"]
DIGITS = ["０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡"]
MINUS = ["\u2212", "\u2013", "\uff0d", "\ufe63", "\u2010", "\u2011"]


@pytest.mark.parametrize(("a", "b"), NOT_EQUAL)
def test_never_equal(a: str, b: str) -> None:
    assert compare(a, b) is not True
    assert compare(b, a) is compare(a, b)


@pytest.mark.parametrize(("a", "b"), NOT_DIFFERENT)
def test_never_different(a: str, b: str) -> None:
    assert compare(a, b) is not False
    assert compare(b, a) is compare(a, b)


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal(a: str, b: str) -> None:
    assert compare(a, b) is True
    assert compare(b, a) is True


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different(a: str, b: str) -> None:
    assert compare(a, b) is False
    assert compare(b, a) is False


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize(("written", "plain"), [("10_000", "10000"), ("1_234_567", "1234567"), ("1_234,5", "1234.5")])
def test_digits_grouped_by_any_blank(written: str, plain: str, blank: str) -> None:
    assert compare(written.replace("_", blank), plain) is True
    assert compare(written.replace("_", blank), plain[:-1]) is not True


@pytest.mark.parametrize("digits", DIGITS)
def test_digits_of_any_script(digits: str) -> None:
    assert compare(f"{digits[1]}{digits[0]}{digits[5]}", "105") is True
    assert compare(f"{digits[1]}{digits[0]}{digits[5]}", "150") is False


@pytest.mark.parametrize("minus", MINUS)
def test_any_minus(minus: str) -> None:
    assert compare(f"{minus}7", "-7") is True
    assert compare(f"3{minus}7", "-4") is True
    assert compare(f"{minus}7", "7") is False


@pytest.mark.parametrize("number", [1, 12, 123, 1_234, 12_345, 123_456, 1_234_567, 12_345_678])
@pytest.mark.parametrize("mark", [",", ".", " ", "'", "’", "\u202f", ",\\!", "{,}", "\\,"])
def test_a_grouped_number_is_never_another(number: int, mark: str) -> None:
    written = f"{number:,}".replace(",", mark)
    assert compare(written, str(number)) is not False
    for other in (number + 1, number * 10, number * 1_000, -number):
        assert compare(written, str(other)) is not True
