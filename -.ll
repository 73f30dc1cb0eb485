; ModuleID = 'runegrad'
source_filename = "runegrad"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@0 = private unnamed_addr constant [69 x i8] c"a size is negative, or not the one that the function is compiled for\00", align 1
@1 = private unnamed_addr constant [64 x i8] c"an array is too large for these sizes, or has a negative extent\00", align 1
@2 = private unnamed_addr constant [32 x i8] c"an array is not as it should be\00", align 1
@3 = private unnamed_addr constant [64 x i8] c"`out` overlaps another array: the memory of a result is its own\00", align 1
@4 = private unnamed_addr constant [37 x i8] c"`out` is not aligned to its elements\00", align 1
@5 = private unnamed_addr constant [14 x i8] c"`out` is null\00", align 1
@6 = private unnamed_addr constant [35 x i8] c"`y` is not aligned to its elements\00", align 1
@7 = private unnamed_addr constant [12 x i8] c"`y` is null\00", align 1
@8 = private unnamed_addr constant [35 x i8] c"`x` is not aligned to its elements\00", align 1
@9 = private unnamed_addr constant [12 x i8] c"`x` is null\00", align 1
@10 = private unnamed_addr constant [14 x i8] c"out of memory\00", align 1
@11 = private unnamed_addr constant [19 x i8] c": the extent m is \00", align 1
@12 = private unnamed_addr constant [23 x i8] c", and the position is \00", align 1
@13 = private unnamed_addr constant [37 x i8] c"subscript `0` of `y` is out of range\00", align 1

; Function Attrs: nounwind
define i32 @d(i64 %0, i64 %1, ptr noalias %2, ptr noalias %3, ptr noalias %4, ptr %5) #0 {
entry:
  %6 = alloca { i64, i64, ptr }, align 64
  %7 = alloca { i64, i64, ptr, ptr }, align 64
  %8 = alloca { i64, i64, ptr, ptr }, align 64
  %9 = alloca { i64, i64, ptr, ptr }, align 64
  %10 = alloca [2 x i64], align 64
  %11 = alloca [2 x ptr], align 64
  %12 = or i64 %0, %1
  %.not = icmp sgt i64 %12, -1
  br i1 %.not, label %accept, label %refuse

refuse:                                           ; preds = %entry
  %13 = icmp eq ptr %5, null
  br i1 %13, label %common.ret, label %record

accept:                                           ; preds = %entry
  %14 = call i64 @llvm.smax.i64(i64 %0, i64 1)
  %15 = icmp sgt i64 %0, 1152921504606846975
  %16 = shl i64 %14, 3
  %17 = call i64 @llvm.smax.i64(i64 %1, i64 1)
  %18 = call { i64, i1 } @llvm.smul.with.overflow.i64(i64 %16, i64 %17)
  %19 = extractvalue { i64, i1 } %18, 1
  %20 = or i1 %15, %19
  %21 = icmp sgt i64 %1, 1152921504606846975
  %22 = or i1 %20, %21
  br i1 %22, label %refuse1, label %accept2

record:                                           ; preds = %refuse
  %23 = call i32 @rg_fail(ptr %5, i32 1, ptr nonnull @0) #4
  br label %common.ret

common.ret:                                       ; preds = %refuse9, %record11, %refuse5, %record7, %refuse1, %record3, %refuse, %record, %joined23, %recorded14
  %common.ret.op = phi i32 [ 0, %joined23 ], [ 1, %refuse ], [ 1, %refuse1 ], [ 1, %refuse5 ], [ 4, %recorded14 ], [ 1, %record ], [ 1, %record3 ], [ 1, %record7 ], [ 2, %record11 ], [ 2, %refuse9 ]
  ret i32 %common.ret.op

refuse1:                                          ; preds = %accept
  %24 = icmp eq ptr %5, null
  br i1 %24, label %common.ret, label %record3

accept2:                                          ; preds = %accept
  %25 = shl i64 %0, 3
  %26 = mul i64 %25, %1
  %27 = icmp ne i64 %26, 0
  %28 = ptrtoint ptr %2 to i64
  %29 = add i64 %26, %28
  %30 = icmp eq ptr %2, null
  %31 = and i1 %27, %30
  %32 = and i64 %28, 7
  %33 = icmp ne i64 %32, 0
  %34 = and i1 %27, %33
  %35 = shl i64 %1, 3
  %36 = icmp ne i64 %35, 0
  %37 = ptrtoint ptr %3 to i64
  %38 = add i64 %35, %37
  %39 = icmp eq ptr %3, null
  %40 = and i1 %36, %39
  %41 = and i64 %37, 7
  %42 = icmp ne i64 %41, 0
  %43 = and i1 %36, %42
  %44 = ptrtoint ptr %4 to i64
  %45 = select i1 %27, i64 %44, i64 -1
  %46 = add i64 %26, %44
  %47 = icmp eq ptr %4, null
  %48 = and i1 %27, %47
  %49 = and i64 %44, 7
  %50 = icmp ne i64 %49, 0
  %51 = and i1 %27, %50
  %52 = or i1 %31, %34
  %53 = or i1 %52, %40
  %54 = or i1 %53, %43
  %55 = icmp ugt i64 %46, %28
  %56 = select i1 %27, i1 %55, i1 false
  %57 = icmp ult i64 %45, %29
  %58 = and i1 %57, %56
  %59 = icmp ugt i64 %46, %37
  %60 = icmp ult i64 %45, %38
  %61 = and i1 %59, %60
  %62 = and i1 %61, %36
  %63 = or i1 %58, %62
  %64 = or i1 %54, %48
  %65 = or i1 %64, %51
  %66 = or i1 %65, %63
  br i1 %66, label %refuse5, label %accept6

record3:                                          ; preds = %refuse1
  %67 = call i32 @rg_fail(ptr nonnull %5, i32 1, ptr nonnull @1) #4
  br label %common.ret

refuse5:                                          ; preds = %accept2
  %68 = icmp eq ptr %5, null
  br i1 %68, label %common.ret, label %record7

accept6:                                          ; preds = %accept2
  %69 = call i64 @llvm.smax.i64(i64 %26, i64 0)
  %70 = add nuw i64 %69, 63
  %71 = and i64 %70, -64
  %72 = call ptr @rg_workspace(ptr %5, i64 %71) #4
  %73 = icmp ne i64 %71, 0
  %74 = icmp eq ptr %72, null
  %75 = and i1 %74, %73
  br i1 %75, label %refuse9, label %accept10

record7:                                          ; preds = %refuse5
  %76 = select i1 %63, ptr @3, ptr @2
  %77 = select i1 %51, ptr @4, ptr %76
  %78 = select i1 %48, ptr @5, ptr %77
  %79 = select i1 %43, ptr @6, ptr %78
  %80 = select i1 %40, ptr @7, ptr %79
  %81 = select i1 %34, ptr @8, ptr %80
  %82 = select i1 %31, ptr @9, ptr %81
  %83 = call i32 @rg_fail(ptr nonnull %5, i32 1, ptr %82) #4
  br label %common.ret

refuse9:                                          ; preds = %accept6
  %84 = icmp eq ptr %5, null
  br i1 %84, label %common.ret, label %record11

accept10:                                         ; preds = %accept6
  %85 = add i64 %1, -1
  %86 = icmp sgt i64 %85, -1
  %87 = icmp eq i64 %0, 0
  %88 = or i1 %86, %87
  br i1 %88, label %holds, label %failed

record11:                                         ; preds = %refuse9
  %89 = call i32 @rg_fail(ptr nonnull %5, i32 2, ptr nonnull @10) #4
  br label %common.ret

failed:                                           ; preds = %accept10
  %90 = icmp eq ptr %5, null
  br i1 %90, label %recorded14, label %record13

holds:                                            ; preds = %accept10
  %91 = shl i64 %1, 2
  %92 = or disjoint i64 %91, 1
  store i64 %0, ptr %9, align 4
  %93 = getelementptr inbounds nuw i8, ptr %9, i64 8
  store i64 %1, ptr %93, align 4
  %94 = getelementptr inbounds nuw i8, ptr %9, i64 16
  store ptr %2, ptr %94, align 8
  %95 = getelementptr inbounds nuw i8, ptr %9, i64 24
  store ptr %72, ptr %95, align 8
  %96 = mul i64 %0, %92
  %97 = icmp sgt i64 %96, 400000
  %98 = icmp ne ptr %5, null
  %99 = and i1 %98, %97
  br i1 %99, label %parallel, label %serial

record13:                                         ; preds = %failed
  store ptr @11, ptr %11, align 8
  store i64 %1, ptr %10, align 4
  %100 = getelementptr inbounds nuw i8, ptr %11, i64 8
  store ptr @12, ptr %100, align 8
  %101 = getelementptr inbounds nuw i8, ptr %10, i64 8
  store i64 0, ptr %101, align 4
  %102 = call i32 @rg_fail_check(ptr nonnull %5, i32 4, ptr nonnull @13, ptr nonnull %11, ptr nonnull %10, i32 2, i64 8589935246) #4
  br label %recorded14

recorded14:                                       ; preds = %record13, %failed
  call void @rg_workspace_release(ptr %5, ptr %72) #4
  br label %common.ret

parallel:                                         ; preds = %holds
  %103 = call i32 @rg_context_threads(ptr nonnull %5) #4
  %104 = sext i32 %103 to i64
  %105 = shl nsw i64 %104, 3
  %106 = add nsw i64 %105, -1
  %107 = add i64 %0, %106
  %108 = udiv i64 %107, %105
  %109 = call i32 @rg_parallel_for(ptr nonnull %5, i64 %0, i64 %108, ptr nonnull @d.part, ptr nonnull %9) #4
  br label %joined

serial:                                           ; preds = %holds
  call void @d.part(i64 0, i64 %0, i32 0, ptr nonnull %9)
  br label %joined

joined:                                           ; preds = %serial, %parallel
  %110 = load double, ptr %3, align 8
  %111 = fcmp ogt double %110, 1.000000e+00
  br i1 %111, label %then, label %else

then:                                             ; preds = %joined
  %112 = shl i64 %1, 1
  %113 = or disjoint i64 %112, 1
  store i64 %0, ptr %8, align 4
  %114 = getelementptr inbounds nuw i8, ptr %8, i64 8
  store i64 %1, ptr %114, align 4
  %115 = getelementptr inbounds nuw i8, ptr %8, i64 16
  store ptr %2, ptr %115, align 8
  %116 = getelementptr inbounds nuw i8, ptr %8, i64 24
  store ptr %4, ptr %116, align 8
  %117 = mul i64 %0, %113
  %118 = icmp sgt i64 %117, 400000
  %119 = and i1 %98, %118
  br i1 %119, label %parallel15, label %serial16

else:                                             ; preds = %joined
  %120 = shl i64 %1, 1
  %121 = or disjoint i64 %120, 1
  store i64 %0, ptr %7, align 4
  %122 = getelementptr inbounds nuw i8, ptr %7, i64 8
  store i64 %1, ptr %122, align 4
  %123 = getelementptr inbounds nuw i8, ptr %7, i64 16
  store ptr %4, ptr %123, align 8
  %124 = getelementptr inbounds nuw i8, ptr %7, i64 24
  store ptr %72, ptr %124, align 8
  %125 = mul i64 %0, %121
  %126 = icmp sgt i64 %125, 400000
  %127 = and i1 %98, %126
  br i1 %127, label %parallel18, label %serial19

endif:                                            ; preds = %parallel18, %serial19, %parallel15, %serial16
  %128 = shl i64 %1, 1
  %129 = or disjoint i64 %128, 1
  store i64 %0, ptr %6, align 4
  %130 = getelementptr inbounds nuw i8, ptr %6, i64 8
  store i64 %1, ptr %130, align 4
  %131 = getelementptr inbounds nuw i8, ptr %6, i64 16
  store ptr %4, ptr %131, align 8
  %132 = mul i64 %0, %129
  %133 = icmp sgt i64 %132, 400000
  %134 = and i1 %98, %133
  br i1 %134, label %parallel21, label %serial22

parallel15:                                       ; preds = %then
  %135 = call i32 @rg_context_threads(ptr nonnull %5) #4
  %136 = sext i32 %135 to i64
  %137 = shl nsw i64 %136, 3
  %138 = add nsw i64 %137, -1
  %139 = add i64 %0, %138
  %140 = udiv i64 %139, %137
  %141 = call i32 @rg_parallel_for(ptr nonnull %5, i64 %0, i64 %140, ptr nonnull @d.part.1, ptr nonnull %8) #4
  br label %endif

serial16:                                         ; preds = %then
  call void @d.part.1(i64 0, i64 %0, i32 0, ptr nonnull %8)
  br label %endif

parallel18:                                       ; preds = %else
  %142 = call i32 @rg_context_threads(ptr nonnull %5) #4
  %143 = sext i32 %142 to i64
  %144 = shl nsw i64 %143, 3
  %145 = add nsw i64 %144, -1
  %146 = add i64 %0, %145
  %147 = udiv i64 %146, %144
  %148 = call i32 @rg_parallel_for(ptr nonnull %5, i64 %0, i64 %147, ptr nonnull @d.part.2, ptr nonnull %7) #4
  br label %endif

serial19:                                         ; preds = %else
  call void @d.part.2(i64 0, i64 %0, i32 0, ptr nonnull %7)
  br label %endif

parallel21:                                       ; preds = %endif
  %149 = call i32 @rg_context_threads(ptr nonnull %5) #4
  %150 = sext i32 %149 to i64
  %151 = shl nsw i64 %150, 3
  %152 = add nsw i64 %151, -1
  %153 = add i64 %0, %152
  %154 = udiv i64 %153, %151
  %155 = call i32 @rg_parallel_for(ptr nonnull %5, i64 %0, i64 %154, ptr nonnull @d.part.3, ptr nonnull %6) #4
  br label %joined23

serial22:                                         ; preds = %endif
  call void @d.part.3(i64 0, i64 %0, i32 0, ptr nonnull %6)
  br label %joined23

joined23:                                         ; preds = %serial22, %parallel21
  call void @rg_workspace_release(ptr %5, ptr %72) #4
  br label %common.ret
}

declare extern_weak i32 @rg_fail(ptr, i32, ptr)

; Function Attrs: nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smax.i64(i64, i64) #1

; Function Attrs: nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare { i64, i1 } @llvm.smul.with.overflow.i64(i64, i64) #1

declare ptr @rg_workspace(ptr, i64)

declare extern_weak i32 @rg_fail_check(ptr, i32, ptr, ptr, ptr, i32, i64)

declare void @rg_workspace_release(ptr, ptr)

; Function Attrs: nounwind
define internal void @d.part(i64 %0, i64 %1, i32 %2, ptr %3) #0 {
entry:
  %4 = getelementptr inbounds nuw i8, ptr %3, i64 8
  %5 = load i64, ptr %4, align 4
  %6 = getelementptr inbounds nuw i8, ptr %3, i64 16
  %7 = load ptr, ptr %6, align 8
  %8 = getelementptr inbounds nuw i8, ptr %3, i64 24
  %9 = load ptr, ptr %8, align 8
  %10 = icmp slt i64 %0, %1
  br i1 %10, label %loop.preheader, label %done

loop.preheader:                                   ; preds = %entry
  %11 = and i64 %5, -8
  %12 = icmp sgt i64 %5, 7
  %.not = icmp eq i64 %11, %5
  br label %loop

loop:                                             ; preds = %loop.preheader, %done4
  %13 = phi i64 [ %36, %done4 ], [ %0, %loop.preheader ]
  br i1 %12, label %loop1.preheader, label %done2

loop1.preheader:                                  ; preds = %loop
  %14 = mul i64 %5, %13
  br label %loop1

done.loopexit:                                    ; preds = %done4
  br label %done

done:                                             ; preds = %done.loopexit, %entry
  ret void

loop1:                                            ; preds = %loop1.preheader, %loop1
  %15 = phi i64 [ %16, %loop1 ], [ 0, %loop1.preheader ]
  %16 = add i64 %15, 8
  %17 = add i64 %14, %15
  %18 = getelementptr double, ptr %7, i64 %17
  %19 = load <8 x double>, ptr %18, align 8
  %20 = fmul <8 x double> %19, splat (double 2.000000e+00)
  %21 = getelementptr double, ptr %9, i64 %17
  store <8 x double> %20, ptr %21, align 8
  %22 = icmp slt i64 %16, %11
  br i1 %22, label %loop1, label %done2.loopexit

done2.loopexit:                                   ; preds = %loop1
  br label %done2

done2:                                            ; preds = %done2.loopexit, %loop
  br i1 %.not, label %done4, label %loop3.preheader

loop3.preheader:                                  ; preds = %done2
  %23 = mul i64 %5, %13
  br label %loop3

loop3:                                            ; preds = %loop3.preheader, %loop3
  %24 = phi i64 [ %34, %loop3 ], [ %11, %loop3.preheader ]
  %25 = sub i64 %5, %24
  %26 = call i64 @llvm.smin.i64(i64 %25, i64 8)
  %27 = trunc i64 %26 to i32
  %.splatinsert = insertelement <8 x i32> poison, i32 %27, i64 0
  %.splat = shufflevector <8 x i32> %.splatinsert, <8 x i32> poison, <8 x i32> zeroinitializer
  %28 = icmp ugt <8 x i32> %.splat, <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %29 = add i64 %23, %24
  %30 = getelementptr double, ptr %7, i64 %29
  %31 = call <8 x double> @llvm.masked.load.v8f64.p0(ptr align 8 %30, <8 x i1> %28, <8 x double> zeroinitializer)
  %32 = fmul <8 x double> %31, splat (double 2.000000e+00)
  %33 = getelementptr double, ptr %9, i64 %29
  call void @llvm.masked.store.v8f64.p0(<8 x double> %32, ptr align 8 %33, <8 x i1> %28)
  %34 = add nsw i64 %24, 8
  %35 = icmp slt i64 %34, %5
  br i1 %35, label %loop3, label %done4.loopexit

done4.loopexit:                                   ; preds = %loop3
  br label %done4

done4:                                            ; preds = %done4.loopexit, %done2
  %36 = add nsw i64 %13, 1
  %37 = icmp slt i64 %36, %1
  br i1 %37, label %loop, label %done.loopexit
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: read)
declare <8 x double> @llvm.masked.load.v8f64.p0(ptr captures(none), <8 x i1>, <8 x double>) #2

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: write)
declare void @llvm.masked.store.v8f64.p0(<8 x double>, ptr captures(none), <8 x i1>) #3

declare i32 @rg_context_threads(ptr)

declare i32 @rg_parallel_for(ptr, i64, i64, ptr, ptr)

; Function Attrs: nounwind
define internal void @d.part.1(i64 %0, i64 %1, i32 %2, ptr %3) #0 {
entry:
  %4 = getelementptr inbounds nuw i8, ptr %3, i64 8
  %5 = load i64, ptr %4, align 4
  %6 = getelementptr inbounds nuw i8, ptr %3, i64 16
  %7 = load ptr, ptr %6, align 8
  %8 = getelementptr inbounds nuw i8, ptr %3, i64 24
  %9 = load ptr, ptr %8, align 8
  %10 = icmp slt i64 %0, %1
  br i1 %10, label %loop.preheader, label %done

loop.preheader:                                   ; preds = %entry
  %11 = and i64 %5, -8
  %12 = icmp sgt i64 %5, 7
  %.not = icmp eq i64 %11, %5
  br label %loop

loop:                                             ; preds = %loop.preheader, %done4
  %13 = phi i64 [ %34, %done4 ], [ %0, %loop.preheader ]
  br i1 %12, label %loop1.preheader, label %done2

loop1.preheader:                                  ; preds = %loop
  %14 = mul i64 %5, %13
  br label %loop1

done.loopexit:                                    ; preds = %done4
  br label %done

done:                                             ; preds = %done.loopexit, %entry
  ret void

loop1:                                            ; preds = %loop1.preheader, %loop1
  %15 = phi i64 [ %16, %loop1 ], [ 0, %loop1.preheader ]
  %16 = add i64 %15, 8
  %17 = add i64 %14, %15
  %18 = getelementptr double, ptr %7, i64 %17
  %19 = load <8 x double>, ptr %18, align 8
  %20 = getelementptr double, ptr %9, i64 %17
  store <8 x double> %19, ptr %20, align 8
  %21 = icmp slt i64 %16, %11
  br i1 %21, label %loop1, label %done2.loopexit

done2.loopexit:                                   ; preds = %loop1
  br label %done2

done2:                                            ; preds = %done2.loopexit, %loop
  br i1 %.not, label %done4, label %loop3.preheader

loop3.preheader:                                  ; preds = %done2
  %22 = mul i64 %5, %13
  br label %loop3

loop3:                                            ; preds = %loop3.preheader, %loop3
  %23 = phi i64 [ %32, %loop3 ], [ %11, %loop3.preheader ]
  %24 = sub i64 %5, %23
  %25 = call i64 @llvm.smin.i64(i64 %24, i64 8)
  %26 = trunc i64 %25 to i32
  %.splatinsert = insertelement <8 x i32> poison, i32 %26, i64 0
  %.splat = shufflevector <8 x i32> %.splatinsert, <8 x i32> poison, <8 x i32> zeroinitializer
  %27 = icmp ugt <8 x i32> %.splat, <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %28 = add i64 %22, %23
  %29 = getelementptr double, ptr %7, i64 %28
  %30 = call <8 x double> @llvm.masked.load.v8f64.p0(ptr align 8 %29, <8 x i1> %27, <8 x double> zeroinitializer)
  %31 = getelementptr double, ptr %9, i64 %28
  call void @llvm.masked.store.v8f64.p0(<8 x double> %30, ptr align 8 %31, <8 x i1> %27)
  %32 = add nsw i64 %23, 8
  %33 = icmp slt i64 %32, %5
  br i1 %33, label %loop3, label %done4.loopexit

done4.loopexit:                                   ; preds = %loop3
  br label %done4

done4:                                            ; preds = %done4.loopexit, %done2
  %34 = add nsw i64 %13, 1
  %35 = icmp slt i64 %34, %1
  br i1 %35, label %loop, label %done.loopexit
}

; Function Attrs: nounwind
define internal void @d.part.2(i64 %0, i64 %1, i32 %2, ptr %3) #0 {
entry:
  %4 = getelementptr inbounds nuw i8, ptr %3, i64 8
  %5 = load i64, ptr %4, align 4
  %6 = getelementptr inbounds nuw i8, ptr %3, i64 16
  %7 = load ptr, ptr %6, align 8
  %8 = getelementptr inbounds nuw i8, ptr %3, i64 24
  %9 = load ptr, ptr %8, align 8
  %10 = icmp slt i64 %0, %1
  br i1 %10, label %loop.preheader, label %done

loop.preheader:                                   ; preds = %entry
  %11 = and i64 %5, -8
  %12 = icmp sgt i64 %5, 7
  %.not = icmp eq i64 %11, %5
  br label %loop

loop:                                             ; preds = %loop.preheader, %done4
  %13 = phi i64 [ %34, %done4 ], [ %0, %loop.preheader ]
  br i1 %12, label %loop1.preheader, label %done2

loop1.preheader:                                  ; preds = %loop
  %14 = mul i64 %5, %13
  br label %loop1

done.loopexit:                                    ; preds = %done4
  br label %done

done:                                             ; preds = %done.loopexit, %entry
  ret void

loop1:                                            ; preds = %loop1.preheader, %loop1
  %15 = phi i64 [ %16, %loop1 ], [ 0, %loop1.preheader ]
  %16 = add i64 %15, 8
  %17 = add i64 %14, %15
  %18 = getelementptr double, ptr %9, i64 %17
  %19 = load <8 x double>, ptr %18, align 8
  %20 = getelementptr double, ptr %7, i64 %17
  store <8 x double> %19, ptr %20, align 8
  %21 = icmp slt i64 %16, %11
  br i1 %21, label %loop1, label %done2.loopexit

done2.loopexit:                                   ; preds = %loop1
  br label %done2

done2:                                            ; preds = %done2.loopexit, %loop
  br i1 %.not, label %done4, label %loop3.preheader

loop3.preheader:                                  ; preds = %done2
  %22 = mul i64 %5, %13
  br label %loop3

loop3:                                            ; preds = %loop3.preheader, %loop3
  %23 = phi i64 [ %32, %loop3 ], [ %11, %loop3.preheader ]
  %24 = sub i64 %5, %23
  %25 = call i64 @llvm.smin.i64(i64 %24, i64 8)
  %26 = trunc i64 %25 to i32
  %.splatinsert = insertelement <8 x i32> poison, i32 %26, i64 0
  %.splat = shufflevector <8 x i32> %.splatinsert, <8 x i32> poison, <8 x i32> zeroinitializer
  %27 = icmp ugt <8 x i32> %.splat, <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %28 = add i64 %22, %23
  %29 = getelementptr double, ptr %9, i64 %28
  %30 = call <8 x double> @llvm.masked.load.v8f64.p0(ptr align 8 %29, <8 x i1> %27, <8 x double> zeroinitializer)
  %31 = getelementptr double, ptr %7, i64 %28
  call void @llvm.masked.store.v8f64.p0(<8 x double> %30, ptr align 8 %31, <8 x i1> %27)
  %32 = add nsw i64 %23, 8
  %33 = icmp slt i64 %32, %5
  br i1 %33, label %loop3, label %done4.loopexit

done4.loopexit:                                   ; preds = %loop3
  br label %done4

done4:                                            ; preds = %done4.loopexit, %done2
  %34 = add nsw i64 %13, 1
  %35 = icmp slt i64 %34, %1
  br i1 %35, label %loop, label %done.loopexit
}

; Function Attrs: nounwind
define internal void @d.part.3(i64 %0, i64 %1, i32 %2, ptr %3) #0 {
entry:
  %4 = getelementptr inbounds nuw i8, ptr %3, i64 8
  %5 = load i64, ptr %4, align 4
  %6 = icmp slt i64 %0, %1
  br i1 %6, label %loop.preheader, label %done

loop.preheader:                                   ; preds = %entry
  %7 = and i64 %5, -8
  %8 = icmp sgt i64 %5, 7
  %.not = icmp eq i64 %7, %5
  br label %loop

loop:                                             ; preds = %loop.preheader, %done4
  %9 = phi i64 [ %16, %done4 ], [ %0, %loop.preheader ]
  br i1 %8, label %loop1.preheader, label %done2

loop1.preheader:                                  ; preds = %loop
  br label %loop1

done.loopexit:                                    ; preds = %done4
  br label %done

done:                                             ; preds = %done.loopexit, %entry
  ret void

loop1:                                            ; preds = %loop1.preheader, %loop1
  %10 = phi i64 [ %11, %loop1 ], [ 0, %loop1.preheader ]
  %11 = add i64 %10, 8
  %12 = icmp slt i64 %11, %7
  br i1 %12, label %loop1, label %done2.loopexit

done2.loopexit:                                   ; preds = %loop1
  br label %done2

done2:                                            ; preds = %done2.loopexit, %loop
  br i1 %.not, label %done4, label %loop3.preheader

loop3.preheader:                                  ; preds = %done2
  br label %loop3

loop3:                                            ; preds = %loop3.preheader, %loop3
  %13 = phi i64 [ %14, %loop3 ], [ %7, %loop3.preheader ]
  %14 = add nsw i64 %13, 8
  %15 = icmp slt i64 %14, %5
  br i1 %15, label %loop3, label %done4.loopexit

done4.loopexit:                                   ; preds = %loop3
  br label %done4

done4:                                            ; preds = %done4.loopexit, %done2
  %16 = add nsw i64 %9, 1
  %17 = icmp slt i64 %16, %1
  br i1 %17, label %loop, label %done.loopexit
}

; Function Attrs: nounwind
define i64 @d_workspace(i64 %0, i64 %1, i32 %2) #0 {
entry:
  %3 = add i64 %0, -1152921504606846976
  %4 = icmp ult i64 %3, -2305843009213693952
  %5 = shl i64 %0, 3
  %6 = call { i64, i1 } @llvm.smul.with.overflow.i64(i64 %5, i64 %1)
  %7 = extractvalue { i64, i1 } %6, 1
  %8 = or i1 %4, %7
  %9 = extractvalue { i64, i1 } %6, 0
  %10 = call i64 @llvm.smax.i64(i64 %9, i64 0)
  %11 = call { i64, i1 } @llvm.sadd.with.overflow.i64(i64 %10, i64 63)
  %12 = extractvalue { i64, i1 } %11, 1
  %13 = or i1 %8, %12
  %14 = extractvalue { i64, i1 } %11, 0
  %15 = and i64 %14, -64
  %16 = select i1 %13, i64 -1, i64 %15
  ret i64 %16
}

; Function Attrs: nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare { i64, i1 } @llvm.sadd.with.overflow.i64(i64, i64) #1

; Function Attrs: nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smin.i64(i64, i64) #1

attributes #0 = { nounwind "prefer-vector-width"="512" }
attributes #1 = { nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { nocallback nofree nosync nounwind willreturn memory(argmem: read) }
attributes #3 = { nocallback nofree nosync nounwind willreturn memory(argmem: write) }
attributes #4 = { nounwind }
