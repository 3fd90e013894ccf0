import time, timeit, sys, traceback
import numpy as np, tinygrad_bp as tgb
from tinygrad_bp.compiler import compile
nn=tgb.nn; F=nn.functional
def bench(make,crit,x,y,optf,label):
    try:
        net=make(); opt=optf(net.parameters()); ref=make(); ropt=optf(ref.parameters())
        ref.load_state_dict(net.state_dict())
        def mk(net,opt):
            def f(x,y):
                opt.zero_grad(); l=crit(net(x),y); l.backward(); opt.step(); return l
            return f
        f,g=mk(net,opt),mk(ref,ropt)
        t=time.perf_counter(); s=compile(f); s(x,y); t1=time.perf_counter()-t; s(x,y); 
        for k in range(3): l=s(x,y)
        for k in range(5): r=g(x,y)
        err=max(np.abs(a._array-b._array).max() for a,b in zip(net.parameters(),ref.parameters()))
        ex=s.specialised[0].execute
        n=5
        a=min(timeit.repeat(lambda: s(x,y),number=n,repeat=5))/n*1e6
        e=min(timeit.repeat(lambda: g(x,y),number=n,repeat=3))/n*1e6
        print(f"{label}: compile {t1:.2f} s, compiled {a:.1f} us, eager {e:.1f} us, ratio {e/a:.2f}, loss {float(l):.5f} {float(r):.5f}, err {err:.2e}, python calls", [p.op.name for p in getattr(ex,'entries',[]) if not isinstance(p,str)],flush=True)
        return s
    except Exception: 
        print(label,"FAILED"); traceback.print_exc(limit=-3)
adam=lambda p: tgb.optim.Adam(p)
ce=nn.CrossEntropyLoss()
which=sys.argv[1:] 
def lenet():
    tgb.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1,6,5,padding=2),nn.ReLU(),nn.MaxPool2d(2),nn.Conv2d(6,16,5),nn.ReLU(),nn.MaxPool2d(2),nn.Flatten(),nn.Linear(400,120),nn.ReLU(),nn.Linear(120,84),nn.ReLU(),nn.Linear(84,10))
class LSTM(nn.Module):
    def __init__(s):
        super().__init__(); s.l=nn.LSTM(28,128,batch_first=True); s.o=nn.Linear(128,10)
    def forward(s,x): return s.o(s.l(x)[0][:,-1])
class Block(nn.Module):
    def __init__(s,d=128,h=4):
        super().__init__(); s.h=h; s.mask=tgb.ones(64,64).tril()!=0; s.a=nn.LayerNorm(d); s.b=nn.LayerNorm(d); s.qkv=nn.Linear(d,3*d); s.p=nn.Linear(d,d); s.m=nn.Sequential(nn.Linear(d,4*d),nn.GELU(),nn.Linear(4*d,d))
    def forward(s,x):
        B,T,C=x.shape
        q,k,v=s.qkv(s.a(x)).split(C,2)
        q,k,v=[t.view(B,T,s.h,C//s.h).transpose(1,2) for t in (q,k,v)]
        y=F.scaled_dot_product_attention(q,k,v,attn_mask=s.mask)
        x=x+s.p(y.transpose(1,2).reshape(B,T,C))
        return x+s.m(s.b(x))
class GPT(nn.Module):
    def __init__(s,V=65,T=64,d=128,n=4):
        super().__init__(); s.e=nn.Embedding(V,d); s.pos=nn.Embedding(T,d); s.bl=nn.ModuleList([Block(d) for _ in range(n)]); s.ln=nn.LayerNorm(d); s.head=nn.Linear(d,V,bias=False); s.T=T
    def forward(s,i):
        x=s.e(i)+s.pos(tgb.arange(s.T))
        for b in s.bl: x=b(x)
        return s.head(s.ln(x)).reshape(-1,65)
def seed(f):
    def g():
        tgb.manual_seed(0); return f()
    return g
tgb.manual_seed(3)
jobs={
 "mlp":lambda: bench(seed(lambda: nn.Sequential(nn.Linear(2,16),nn.ReLU(),nn.Linear(16,16),nn.ReLU(),nn.Linear(16,1))),nn.MSELoss(),tgb.randn(100,2),tgb.randn(100,1),adam,"mlp"),
 "mnist":lambda: bench(seed(lambda: nn.Sequential(nn.Linear(784,128),nn.ReLU(),nn.Linear(128,10))),ce,tgb.randn(64,784),tgb.randint(0,10,(64,)),adam,"mnist"),
 "big":lambda: bench(seed(lambda: nn.Sequential(nn.Linear(784,1024),nn.ReLU(),nn.Linear(1024,1024),nn.ReLU(),nn.Linear(1024,10))),ce,tgb.randn(256,784),tgb.randint(0,10,(256,)),adam,"big"),
 "lenet":lambda: bench(lenet,ce,tgb.randn(64,1,28,28),tgb.randint(0,10,(64,)),adam,"lenet"),
 "lstm":lambda: bench(seed(LSTM),ce,tgb.randn(64,28,28),tgb.randint(0,10,(64,)),adam,"lstm"),
 "gpt":lambda: bench(seed(GPT),ce,tgb.randint(0,65,(12,64)),tgb.randint(0,65,(12*64,)),lambda p: tgb.optim.AdamW(p),"gpt"),
 "misc":lambda: bench(seed(lambda: nn.Sequential(nn.Linear(20,64),nn.LayerNorm(64),nn.GELU(),nn.Dropout(0.1),nn.Linear(64,64),nn.Tanh(),nn.Linear(64,32),nn.SiLU(),nn.Linear(32,5))),ce,tgb.randn(32,20),tgb.randint(0,5,(32,)),lambda p: tgb.optim.SGD(p,0.1,momentum=0.9,weight_decay=1e-3),"misc"),
}
for j in which or jobs: jobs[j]()
