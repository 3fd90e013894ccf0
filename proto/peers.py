import sys, os
which=sys.argv[1:]; sys.argv=['x','none']
src=open('/tmp/w/comp/proto/networks.py').read().replace("for j in which or jobs: jobs[j]()","")
exec(src.replace("which=sys.argv[1:]",""))
import torch
torch.set_num_threads(int(os.environ["OPENBLAS_NUM_THREADS"]))
tn=torch.nn
def tstep(net,crit,x,y,opt):
    def f():
        opt.zero_grad(); l=crit(net(x),y); l.backward(); opt.step(); return l
    return f
class TB(tn.Module):
    def __init__(s,d=128,h=4):
        super().__init__(); s.h=h; s.a=tn.LayerNorm(d); s.b=tn.LayerNorm(d); s.qkv=tn.Linear(d,3*d); s.p=tn.Linear(d,d); s.m=tn.Sequential(tn.Linear(d,4*d),tn.GELU(),tn.Linear(4*d,d))
    def forward(s,x):
        B,T,C=x.shape; q,k,v=[t.view(B,T,s.h,C//s.h).transpose(1,2) for t in s.qkv(s.a(x)).split(C,2)]
        y=tn.functional.scaled_dot_product_attention(q,k,v,is_causal=True)
        x=x+s.p(y.transpose(1,2).reshape(B,T,C)); return x+s.m(s.b(x))
class TG(tn.Module):
    def __init__(s):
        super().__init__(); s.e=tn.Embedding(65,128); s.pos=tn.Embedding(64,128); s.bl=tn.ModuleList([TB() for _ in range(4)]); s.ln=tn.LayerNorm(128); s.head=tn.Linear(128,65,bias=False)
    def forward(s,i):
        x=s.e(i)+s.pos(torch.arange(64))
        for b in s.bl: x=b(x)
        return s.head(s.ln(x)).reshape(-1,65)
class TL(tn.Module):
    def __init__(s): super().__init__(); s.l=tn.LSTM(28,128,batch_first=True); s.o=tn.Linear(128,10)
    def forward(s,x): return s.o(s.l(x)[0][:,-1])
S=tn.Sequential; ta=lambda n: torch.optim.Adam(n.parameters())
tce=tn.CrossEntropyLoss()
def T(name):
    if name=="mlp": n=S(tn.Linear(2,16),tn.ReLU(),tn.Linear(16,16),tn.ReLU(),tn.Linear(16,1)); return tstep(n,tn.MSELoss(),torch.randn(100,2),torch.randn(100,1),ta(n))
    if name=="mnist": n=S(tn.Linear(784,128),tn.ReLU(),tn.Linear(128,10)); return tstep(n,tce,torch.randn(64,784),torch.randint(0,10,(64,)),ta(n))
    if name=="big": n=S(tn.Linear(784,1024),tn.ReLU(),tn.Linear(1024,1024),tn.ReLU(),tn.Linear(1024,10)); return tstep(n,tce,torch.randn(256,784),torch.randint(0,10,(256,)),ta(n))
    if name=="lenet": n=S(tn.Conv2d(1,6,5,padding=2),tn.ReLU(),tn.MaxPool2d(2),tn.Conv2d(6,16,5),tn.ReLU(),tn.MaxPool2d(2),tn.Flatten(),tn.Linear(400,120),tn.ReLU(),tn.Linear(120,84),tn.ReLU(),tn.Linear(84,10)); return tstep(n,tce,torch.randn(64,1,28,28),torch.randint(0,10,(64,)),ta(n))
    if name=="lstm": n=TL(); return tstep(n,tce,torch.randn(64,28,28),torch.randint(0,10,(64,)),ta(n))
    if name=="gpt": n=TG(); return tstep(n,tce,torch.randint(0,65,(12,64)),torch.randint(0,65,(768,)),torch.optim.AdamW(n.parameters()))
saved={}
def bench(make,crit,x,y,optf,label):
    net=make(); opt=optf(net.parameters())
    def f(x,y):
        opt.zero_grad(); l=crit(net(x),y); l.backward(); opt.step(); return l
    s=compile(f); t=time.perf_counter(); s(x,y); t=time.perf_counter()-t
    r=compile(f,backend="numpy"); r(x,y)
    return (lambda: s(x,y)),(lambda: f(x,y)),(lambda: r(x,y)),t
import statistics as st
for name in which:
    c,e,r,t=jobs[name](); p=T(name)
    times={k:[] for k in "cerp"}
    n={"mlp":200,"mnist":50}.get(name,3)
    for _ in range(9):
        for k,f in zip("cerp",(c,e,r,p)):
            f(); b=time.perf_counter()
            for i in range(n): f()
            times[k].append((time.perf_counter()-b)/n*1e6)
    m={k:st.median(v) for k,v in times.items()}; lo={k:min(v) for k,v in times.items()}
    print(f"{name:6} compiled {m['c']:10.1f} (min {lo['c']:.1f})  eager {m['e']:10.1f}  replay {m['r']:10.1f}  torch {m['p']:10.1f} (min {lo['p']:.1f})  torch/compiled {m['p']/m['c']:.2f} min-ratio {lo['p']/lo['c']:.2f}  first call {t:.2f} s",flush=True)
